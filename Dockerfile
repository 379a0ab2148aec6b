# One image for web, worker and beat; docker-compose.yml says which is which.
FROM python:3.11-slim-bookworm AS built

WORKDIR /srv/orgsecurity
RUN python -m venv /opt/venv
COPY requirements/base.txt requirements/
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes -r requirements/base.txt

FROM python:3.11-slim-bookworm

RUN useradd --system --no-create-home --uid 10001 orgsecurity
WORKDIR /srv/orgsecurity
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=orgsecurity.settings STATIC_ROOT=/srv/static DATA_DIR=/tmp
COPY --from=built /opt/venv /opt/venv
COPY . .
# Static files carry their hash in their name. Settings refuse to start without values like these;
# nothing of them stays in the image.
RUN BASE_URL=https://build.example REDIS_URL=redis://build.example \
    SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    ENCRYPTION_KEYS="$(python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
    python manage.py collectstatic --noinput && python -m compileall -q accounts domains twofactor sso scim discoverability orgsecurity

USER orgsecurity
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.parse, urllib.request as r; host = urllib.parse.urlsplit(os.environ['BASE_URL']).hostname; r.urlopen(r.Request('http://127.0.0.1:8000/healthz', headers={'Host': host, 'X-Forwarded-Proto': 'https'}), timeout=4)"]
CMD ["python", "-m", "orgsecurity.server", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "4", "--blocking-threads-idle-timeout", "600", "--no-ws", "--respawn-failed-workers", "orgsecurity.wsgi:application"]
