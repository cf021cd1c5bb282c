# syntax=docker/dockerfile:1
# The service, and every other command that needs no training stack, in a small image:
#   docker build -t hemascope .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL -e HEMASCOPE_TOKEN -p 127.0.0.1:8000:8000 hemascope
# How to run it behind TLS and on Kubernetes: docs/how-to/container.md.

# By a digest where builds must be the same: --build-arg BASE=python@sha256:…
ARG BASE=docker.io/library/python:3.13-slim-trixie

# The packages, in an environment that has no pip. Only this stage sees the sources and what builds the wheel.
# hadolint ignore=DL3006
FROM ${BASE} AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY src src
# Constraints hold for what builds the wheel (hatchling) too; no package is built from source but hemascope itself.
ENV PIP_CONSTRAINT=/build/constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/hemascope \
    && python -m pip --python /opt/hemascope/bin/python install \
        --only-binary :all: --no-binary hemascope ".[serve,fields,slides]"

# hadolint ignore=DL3006
FROM ${BASE}
ARG VERSION=0.2.0
LABEL org.opencontainers.image.title="hemascope" \
      org.opencontainers.image.description="Classifies images of single blood cells over HTTP. Not a medical device." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# No pip is left: what runs cannot install. The user has a number, by which Kubernetes sees that it is not root.
RUN python -m pip uninstall --yes --quiet --root-user-action ignore pip \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin hemascope
COPY --from=build /opt/hemascope /opt/hemascope
# /tmp is all that is ever written to: the counters of several workers, and what a command is told to write there.
ENV PATH=/opt/hemascope/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HEMASCOPE_HOST=0.0.0.0 \
    HEMASCOPE_PORT=8000
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
# Alive as long as it answers. The proxy variables of the environment are not for a request to itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "\
import os, urllib.request as http; \
address = f'http://127.0.0.1:{os.environ[\"HEMASCOPE_PORT\"]}/healthz'; \
http.build_opener(http.ProxyHandler({})).open(address, timeout=4)"]
ENTRYPOINT ["hemascope"]
CMD ["serve"]
