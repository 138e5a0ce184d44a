package containers

import (
	"context"
	"time"

	"posthorn/internal/platforms"
)

// Reading is the step that reads the permalink of what was published.
const Reading = "reading"

// permalinkWaits are between the reads of a permalink, which may show a little after the post.
var permalinkWaits = []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second}

// Permalink reads the address of a post that is live. It is worth a few tries, and nothing more depends on it: in the end it is empty. While
// it is to be read again, later is that step.
func (f *Flow) Permalink(ctx context.Context, read func(context.Context) (string, error)) (address string, later *platforms.Step, err error) {
	address, err = read(ctx)
	if err != nil && (ctx.Err() != nil || EndsOrWaits(err)) {
		return "", nil, err
	}
	if err == nil && address != "" || f.State.Looks >= len(permalinkWaits) {
		return address, nil, nil
	}
	wait := permalinkWaits[f.State.Looks]
	f.State.Looks++
	s, err := f.Step(Reading, wait, "the permalink is not there yet")
	s.Done = f.Remote()
	return "", &s, err
}
