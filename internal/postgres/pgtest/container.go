package pgtest

import (
	"context"
	"fmt"
	"net"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/wait"
)

const containerImage = "postgres:17-alpine"

// container starts a Postgres container, or joins the one that another test process of the same run started; the library's reaper removes
// it when the run has ended.
func container(ctx context.Context) (address, describe string, err error) {
	defer func() {
		if fault := recover(); fault != nil { // the library panics on some faulty Docker settings
			err = fmt.Errorf("start a container: %v", fault)
		}
	}()
	c, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{
		ContainerRequest: testcontainers.ContainerRequest{
			Image:        containerImage,
			Name:         "posthorn-pgtest-" + testcontainers.SessionID()[:12],
			ExposedPorts: []string{"5432/tcp"},
			Env:          map[string]string{"POSTGRES_USER": "posthorn", "POSTGRES_PASSWORD": "posthorn"},
			Cmd:          []string{"postgres", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300"},
			// The image starts the server once to initialise it and then again: the second time counts.
			WaitingFor: wait.ForAll(
				wait.ForLog("database system is ready to accept connections").WithOccurrence(2),
				wait.ForListeningPort("5432/tcp"),
			),
		},
		Started: true,
		Reuse:   true,
		Logger:  log.NewNoopLogger(),
	})
	if err != nil {
		return "", "", fmt.Errorf("start a container: %w", err)
	}
	host, err := c.Host(ctx)
	if err != nil {
		return "", "", fmt.Errorf("find the container: %w", err)
	}
	port, err := c.MappedPort(ctx, "5432/tcp")
	if err != nil {
		return "", "", fmt.Errorf("find the container's port: %w", err)
	}
	at := net.JoinHostPort(host, port.Port())
	return "postgres://posthorn:posthorn@" + at + "/posthorn?sslmode=disable", "container " + containerImage + " at " + at, nil
}
