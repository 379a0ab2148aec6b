"""The product's icons: inner SVG on a 20 × 20 grid, drawn in strokes of the text's colour."""

_CIRCLE = '<circle cx="10" cy="10" r="7.25"/>'

ICONS = {
    "alert": '<path d="M10 2.9 18 16.6H2z"/><path d="M10 8v4M10 14.2v.1"/>',
    "arrow-right": '<path d="M4 10h12M11 5l5 5-5 5"/>',
    "bad": f'{_CIRCLE}<path d="m7.6 7.6 4.8 4.8M12.4 7.6l-4.8 4.8"/>',
    "building": '<path d="M4 17V4.5L11 3v14M11 8h5v9M2.5 17h15M7 7v.1M7 10v.1M7 13v.1"/>',
    "check": '<path d="m4.5 10.5 3.6 3.6 7.4-8"/>',
    "chevron-down": '<path d="m5.5 8 4.5 4.5L14.5 8"/>',
    "chevron-right": '<path d="m8 5.5 4.5 4.5L8 14.5"/>',
    "clock": f'{_CIRCLE}<path d="M10 6v4.2l2.8 1.7"/>',
    "copy": '<rect x="7" y="7" width="9.5" height="9.5" rx="2"/><path d="M13 4.5A1.5 1.5 0 0 0 '
    '11.5 3H5a2 2 0 0 0-2 2v6.5A1.5 1.5 0 0 0 4.5 13"/>',
    "download": '<path d="M10 3v9.5M6 9l4 4 4-4M3.5 16.5h13"/>',
    "external": '<path d="M11.5 3.5h5v5M16 4l-7 7M14 11.5V15a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 '
    '3.5 15V7.5A1.5 1.5 0 0 1 5 6h3.5"/>',
    "globe": f'{_CIRCLE}<path d="M2.8 10h14.4M10 2.8c4.5 4.3 4.5 10.1 0 14.4M10 2.8c-4.5 '
    '4.3-4.5 10.1 0 14.4"/>',
    "good": f'{_CIRCLE}<path d="m6.7 10.3 2.3 2.3 4.4-4.9"/>',
    "info": f'{_CIRCLE}<path d="M10 9.2v4.3M10 6.4v.1"/>',
    "key": '<circle cx="6.5" cy="13.5" r="3.75"/><path d="m9.3 10.7 7.2-7.2M13.5 6.5l2.5 2.5"/>',
    "lock": '<rect x="4" y="9" width="12" height="8" rx="2"/><path d="M6.5 9V6.5a3.5 3.5 0 0 1 '
    '7 0V9"/>',
    "mail": '<rect x="2.5" y="4" width="15" height="12" rx="2"/><path d="m3 6 7 5 7-5"/>',
    "minus": '<path d="M5 10h10"/>',
    "neutral": f'{_CIRCLE}<path d="M7 10h6"/>',
    "phone": '<rect x="5.5" y="2.5" width="9" height="15" rx="2"/><path d="M9 14.5h2"/>',
    "plus": '<path d="M10 4.5v11M4.5 10h11"/>',
    "search": '<circle cx="8.8" cy="8.8" r="5.3"/><path d="m12.8 12.8 4 4"/>',
    "shield": '<path d="M10 2.5 4 4.8v4.7c0 3.7 2.5 6.5 6 8 3.5-1.5 6-4.3 6-8V4.8z"/>',
    "sign-out": '<path d="M8 3.5H5A1.5 1.5 0 0 0 3.5 5v10A1.5 1.5 0 0 0 5 16.5h3M13 13.5l3.5'
    '-3.5L13 6.5M16 10H8"/>',
    "user": '<circle cx="10" cy="6.8" r="3.3"/><path d="M3.5 16.8c.9-3.2 3.4-4.8 6.5-4.8s5.6 1.6'
    ' 6.5 4.8"/>',
    "users": '<circle cx="7.5" cy="7" r="3"/><path d="M2 16c.7-3 2.8-4.3 5.5-4.3S12.3 13 13 16M12.5'
    ' 4.2a3 3 0 0 1 0 5.6M15 12c1.7.6 2.7 1.9 3.2 4"/>',
    "warn": '<path d="M10 2.9 18 16.6H2z"/><path d="M10 8v4M10 14.2v.1"/>',
    "x": '<path d="m5 5 10 10M15 5 5 15"/>',
}
