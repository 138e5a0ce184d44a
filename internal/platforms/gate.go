package platforms

import (
	"context"
	"encoding/json"
)

// Gate keeps addresses of media shut until what came of giving them to a platform is stored. It is for platforms that publish as soon as they are
// given an address, and whose answer names what they are at: an answer that was lost then stands for nothing that could be published, since what it
// was about finds the gate shut, for good.
//
// The key is fresh for every call that carries such addresses. The gate opens when the step that made the call returns a State whose Data has the
// key at its top, as "gate", and that State is stored; it shuts when another State takes its place.
type Gate struct {
	TargetID string // Task.ID
	Key      string
}

// A Gatekeeper is a MediaSource that can keep its addresses shut.
type Gatekeeper interface {
	// GatedURL gives an address of this server's own, also of media that lies elsewhere, from which the platform can read the item, fitted, while the
	// gate is open. Who asks before that waits a few seconds for it to open, and is then told that there is nothing.
	GatedURL(ctx context.Context, m Media, fit Fit, g Gate) (string, error)
}

// GatedURL is what the connection's MediaSource gives.
func (c *Conn) GatedURL(ctx context.Context, m Media, fit Fit, g Gate) (string, error) {
	keeper, ok := c.Media.(Gatekeeper)
	if !ok {
		return "", Errorf(Unavailable, "this server cannot keep addresses of media shut")
	}
	return keeper.GatedURL(ctx, m, fit, g)
}

// OpenGate is the key of the gate that a State opens; empty: none.
func OpenGate(s State) string {
	var data struct {
		Gate string `json:"gate"`
	}
	if json.Unmarshal(s.Data, &data) != nil {
		return ""
	}
	return data.Gate
}
