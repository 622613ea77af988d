# serve: the clinic, without torch.   docker build --target serve .
# train: the learning pipeline.       docker build --target train .
FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN groupadd --system --gid 10001 clinic \
    && useradd --system --uid 10001 --gid clinic --home-dir /home/clinic --create-home clinic
WORKDIR /app
COPY requirements/serve.txt requirements/serve.txt
RUN pip install -r requirements/serve.txt

FROM base AS train
COPY requirements/train.txt requirements/generate.txt requirements/
RUN pip install -r requirements/train.txt -r requirements/generate.txt
COPY . .
USER clinic
ENTRYPOINT ["python", "-m", "training"]

FROM base AS serve
COPY manage.py ./
COPY skinclinic skinclinic
COPY cases cases
COPY inference inference
COPY templates templates
COPY static static
COPY models models
# Static files are hashed at build time, under secrets that nobody sees and that are forgotten with this line.
RUN DJANGO_SETTINGS_MODULE=skinclinic.settings.production ALLOWED_HOSTS=build DATA_DIR=/tmp/build \
    DJANGO_SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" \
    AUDIT_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" \
    python manage.py collectstatic --noinput && rm -rf /tmp/build \
    && install -d -o clinic -g clinic -m 0700 /data
ENV DJANGO_SETTINGS_MODULE=skinclinic.settings.production DATA_DIR=/data STATIC_ROOT=/app/staticfiles
VOLUME /data
USER clinic
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["gunicorn", "skinclinic.wsgi", "--bind=0.0.0.0:8000", "--worker-class=gthread", "--workers=2", "--threads=8", \
     "--worker-tmp-dir=/dev/shm"]
