# One image with the three commands. It runs the API unless told otherwise: `docker run posthorn worker`, `docker run posthorn posthorn migrate`.

FROM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# Static, so that they run on an empty file system; with the time zones inside, because that has none.
RUN CGO_ENABLED=0 go build -trimpath -tags timetzdata -ldflags '-s -w' -o /out/ ./cmd/api ./cmd/worker ./cmd/posthorn
# /tmp takes downloads while they are checked, /data is where media lives unless POSTHORN_BLOB_URL says otherwise.
RUN mkdir -p /root-of-image/tmp /root-of-image/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=10001:10001 /root-of-image/ /
COPY --from=build /out/ /usr/local/bin/
ENV PATH=/usr/local/bin POSTHORN_DATA_DIR=/data
USER 10001:10001
EXPOSE 8080
CMD ["api"]
