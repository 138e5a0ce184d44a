package app

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/rs/zerolog"
)

// NewLogger writes JSON lines of a level and above.
func NewLogger(w io.Writer, level string) zerolog.Logger {
	parsed, err := zerolog.ParseLevel(level)
	if err != nil {
		parsed = zerolog.InfoLevel
	}
	zerolog.TimeFieldFormat = time.RFC3339Nano
	zerolog.DurationFieldInteger = true
	return zerolog.New(w).Level(parsed).With().Timestamp().Logger()
}

// slogger lets River write to our log. What it says of its own housekeeping at level info is not worth a line.
func slogger(log zerolog.Logger) *slog.Logger {
	return slog.New(&slogHandler{log: log.With().Str("from", "river").Logger()})
}

type slogHandler struct{ log zerolog.Logger }

// Enabled drops everything below warnings.
func (h *slogHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

// Handle writes one record.
func (h *slogHandler) Handle(_ context.Context, r slog.Record) error {
	line := h.log.Warn()
	if r.Level >= slog.LevelError {
		line = h.log.Error()
	}
	r.Attrs(func(a slog.Attr) bool {
		line = line.Str(a.Key, a.Value.String())
		return true
	})
	line.Msg(r.Message)
	return nil
}

// WithAttrs adds fields to every later record.
func (h *slogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := h.log.With()
	for _, a := range attrs {
		with = with.Str(a.Key, a.Value.String())
	}
	return &slogHandler{log: with.Logger()}
}

// WithGroup keeps the fields flat.
func (h *slogHandler) WithGroup(string) slog.Handler { return h }
