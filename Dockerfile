# One static binary, run by a user without rights. It brings no Redis: name one with QUEUEPILOT_REDIS_URL.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath \
    -ldflags "-s -w -X github.com/xuniquepatel/queue-pilot/app/cli.version=${VERSION}" \
    -o /queuepilot ./app

FROM alpine:3.22
RUN adduser -D -u 10001 queuepilot
USER queuepilot
WORKDIR /home/queuepilot
COPY --from=build /queuepilot /usr/local/bin/queuepilot
EXPOSE 8080
# Of a container without the role web: compose.yaml turns it off there.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD wget -q -O /dev/null http://127.0.0.1:8080/healthz || exit 1
ENTRYPOINT ["queuepilot"]
CMD ["web", "--addr", "0.0.0.0:8080"]
