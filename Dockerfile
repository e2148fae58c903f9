# The image of the worker without a GPU (ECS on Fargate). docs/images.md describes its contents and build.
# Dockerfile.gpu differs only in the lines about the GPU; ops/tests/test_images.py compares the two.
#
# Tags are pinned here. Pin digests at the build: --build-arg DEBIAN=debian:12.12-slim@sha256:…
ARG RUST=rust:1.95.0-slim-bookworm
ARG DEBIAN=debian:12.12-slim

# --- The program -----------------------------------------------------------------------------------------------------
# hadolint ignore=DL3006
FROM ${RUST} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# Debian keeps one version of a package, so a pinned one could not be installed after the next point release.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
        build-essential pkg-config libclang-dev libtesseract-dev libleptonica-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# Use the compiler of the base image. With rust-toolchain.toml, rustup would also download lints and formatter.
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY Cargo.toml Cargo.lock ./
COPY functions/Cargo.toml functions/
COPY tests/Cargo.toml tests/
# The worker does not use these workspace members, but the lock file needs their manifests, and a manifest needs targets.
RUN for member in functions tests; do \
        mkdir -p "$member/src/bin"; \
        touch "$member/src/lib.rs"; \
        sed -n 's/^name = "\(.*\)"$/\1/p' "$member/Cargo.toml" | while read -r name; do touch "$member/src/bin/$name.rs"; done; \
    done
COPY shared shared
COPY gpu-worker gpu-worker
COPY ops/images ops/images
# Cache mounts keep crates and compiled code, even if the layers above change.
RUN --mount=type=cache,id=filot-cargo,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=filot-target,target=/src/target,sharing=locked \
    cargo build --locked --profile dist -p gpu-worker --bin gpu-worker \
 && install -D -m 0755 target/dist/gpu-worker /out/usr/local/bin/gpu-worker \
 && install -D -m 0755 ops/images/worker-healthy /out/usr/local/bin/worker-healthy \
 && ops/images/rust-licences /out/licenses/rust \
 && install -D -m 0644 shared/domain/data/README.md /out/licenses/filot/area-codes.md \
 && install -D -m 0644 shared/ocr/data/README.md /out/licenses/filot/digit-classifier.md

# --- The image -------------------------------------------------------------------------------------------------------
# hadolint ignore=DL3006
FROM ${DEBIAN}
# upgrade brings the security updates since the base image was made.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get upgrade -y --no-install-recommends \
 && apt-get install -y --no-install-recommends \
        ca-certificates libtesseract5 tesseract-ocr-eng tesseract-ocr-ind tini \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log
COPY --from=build /out /
ENV PORT=8080
# This user has no name, no home and no files.
USER 10001:10001
WORKDIR /
EXPOSE 8080
STOPSIGNAL SIGTERM
# ECS ignores this line; its task definition has the same check.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["/usr/local/bin/worker-healthy"]
# tini is the init process: it reaps dead reader processes and passes signals to the worker.
ENTRYPOINT ["/usr/bin/tini", "-s", "--", "/usr/local/bin/gpu-worker"]
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="filot-worker-cpu" \
      org.opencontainers.image.description="Reads Indonesian identity cards from the CPU queue" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="docker.io/library/debian:12.12-slim"
