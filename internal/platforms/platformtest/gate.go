package platformtest

import (
	"context"
	"net/url"

	"posthorn/internal/platforms"
)

// gated is a MediaSource whose gates stand open as what is stored of the runs' targets says.
type gated struct{ *Files }

var _ platforms.Gatekeeper = gated{}

// GatedURL is the item's own address with the gate in it.
func (g gated) GatedURL(ctx context.Context, m platforms.Media, fit platforms.Fit, gate platforms.Gate) (string, error) {
	address, err := g.URL(ctx, m, fit)
	return address + "?gate=" + url.QueryEscape(gate.Key), err
}

// isOpen reports whether a gate stands open; no key is no gate.
func (f *Files) isOpen(key string) bool {
	_, open := f.gates.Load(key)
	return open || key == ""
}

// openGate opens the gate that a state which was stored has, and shuts the one before it.
func (w *world) openGate(key string) {
	if key != w.gate {
		w.files.gates.Delete(w.gate)
	}
	if w.gate = key; key != "" {
		w.files.gates.Store(key, true)
	}
}
