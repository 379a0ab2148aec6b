"""Django's own template tags, which look up once what does not change between two requests.

A page of this product is a few hundred nodes, and most of its time went into asking for the same
words, parents and addresses again. Each tag here is Django's, parsed by Django, and keeps what it
found: words by language, templates by node, addresses by the shape that Django gave them. They are
put in place by TEMPLATES of the settings (`libraries`, `builtins`); without those two lines every
page reads the same.
"""
