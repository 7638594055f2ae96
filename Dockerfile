# Countersign, its resource API and its demo app in one image; `countersign serve` is what it runs by default.
#
#   docker build --tag countersign .
#   docker run --volume countersign:/var/lib/countersign --publish 127.0.0.1:8080:8080 \
#       --env COUNTERSIGN_SERVER__ISSUER=http://localhost:8080 countersign

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# The caches live with the builder, not in a layer; so the programs are copied out of the target folder.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package countersign --package resource-api --package demo-app --features resource-api/service --bins \
    && install -D --target-directory=/programs \
        target/release/countersign \
        target/release/countersign-resource-api \
        target/release/countersign-demo-app

FROM debian:bookworm-slim
# Authorities of the public web, for the API and the app when their issuer is reached over TLS.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/countersign --create-home countersign \
    && chmod 0700 /var/lib/countersign
COPY --from=build /programs/ /usr/local/bin/

# Database and keys are made here unless the settings say otherwise.
USER countersign
WORKDIR /var/lib/countersign
VOLUME /var/lib/countersign

# A container's own loopback is no use to anybody; what is published, and to whom, is the operator's decision.
ENV COUNTERSIGN_SERVER__LISTEN=0.0.0.0:8080

EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --start-interval=1s --retries=3 \
    CMD ["countersign", "healthcheck"]
ENTRYPOINT ["countersign"]
CMD ["serve"]
