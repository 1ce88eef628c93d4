# The image: one static binary and the certificate authorities. .ci/static puts both into target/image, and runs them in
# an empty root as this file says.
#
#   .ci/static
#   docker build -t trunkline .
#   docker run --rm -e TELNYX_API_KEY -v "$PWD:/work" -u "$(id -u):$(id -g)" trunkline plan
#
# The host's ca-certificates are copied, so that the image needs no other image.
FROM scratch
# Set by BuildKit.
ARG TARGETARCH
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Trunkline" \
      org.opencontainers.image.description="Declarative reconciliation for Telnyx organizations" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --chmod=0555 target/image/${TARGETARCH}/trunkline /usr/local/bin/trunkline
COPY --chmod=0444 target/image/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# Not root, and without a name: there is no /etc/passwd.
USER 65532:65532
# Mount the manifests here.
WORKDIR /work
# Of the daemon, with --listen 0.0.0.0:9464. Other commands end by themselves, so their health does not matter.
EXPOSE 9464
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/usr/local/bin/trunkline", "daemon", "--check", "127.0.0.1:9464"]
ENTRYPOINT ["/usr/local/bin/trunkline"]
CMD ["help"]
