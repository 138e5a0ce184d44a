package platformtest

import (
	"context"
	"testing"
	"time"

	"posthorn/internal/platforms"
)

// deletes publishes each sample and takes it away again: nothing is left of it, a second removal is quiet, and whatever disturbs one of its
// requests, the next attempt ends it.
func (s Suite) deletes(t *testing.T, files *Files, samples []Sample) {
	deleter, ok := s.Platform.(platforms.Deleter)
	if !ok {
		t.Skip("the platform removes no posts")
	}
	for _, sample := range samples {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			w, x := s.published(t, files, sample)
			if err, _ := w.remove(deleter, x, nil); err != nil {
				t.Fatalf("undisturbed: %v", err)
			}
			if seen := w.visible(); len(seen) != 0 {
				t.Errorf("the public still sees %s", describe(seen))
			}
			if err, _ := w.remove(deleter, x, nil); err != nil {
				t.Errorf("the second removal: %v", err)
			}
			for i := 0; ; i++ {
				reached := false
				for _, f := range allFaults {
					reached = s.disturbedDelete(t, files, sample, deleter, i, f) || reached
				}
				if !reached {
					break
				}
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		w, x := s.published(t, files, samples[0])
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		tr := w.transport(nil)
		if err := deleter.Delete(ctx, w.conn(tr, w.token()), x); err == nil || tr.requests > 0 {
			t.Errorf("with a cancelled context: %v after %d requests", err, tr.requests)
		}
	})
}

// disturbedDelete removes a post with one request disturbed, and then again. It reports whether there was such a request.
func (s Suite) disturbedDelete(t *testing.T, files *Files, sample Sample, deleter platforms.Deleter, i int, f fault) (reached bool) {
	t.Helper()
	w, x := s.published(t, files, sample)
	tr := w.transport(plan{i: f})
	err, died := w.removeVia(deleter, x, tr)
	if tr.disturbs == 0 {
		return false
	}
	if err == nil && !died && len(w.visible()) > 0 {
		t.Errorf("request %d: %s: it says that all is gone, and the public sees %s", i, f, describe(w.visible()))
	}
	if err != nil {
		var o outcome
		o.noteError(platforms.AsError(err))
		w.judgeSecrets(t, o, "removal")
	}
	if err, _ := w.remove(deleter, x, nil); err != nil {
		t.Errorf("request %d: %s: the second attempt: %v", i, f, err)
	}
	if seen := w.visible(); len(seen) != 0 {
		t.Errorf("request %d: %s: after the second attempt the public sees %s", i, f, describe(seen))
	}
	return true
}

// published is a world in which a sample is out, and what the engine knows of it.
func (s Suite) published(t *testing.T, files *Files, sample Sample) (*world, platforms.Existing) {
	t.Helper()
	w := newWorld(t, s, files, sample)
	o := w.drive(t, nil)
	if o.status != published {
		t.Fatalf("publishing ended as %s: %v", o.status, o.last)
	}
	return w, platforms.Existing{Remote: o.remote, Content: sample.Content, State: o.state}
}

func (w *world) token() platforms.Token {
	return platforms.Token{Access: platforms.NewSecret(w.account.Access), Refresh: platforms.NewSecret(w.account.Refresh), ExpiresAt: w.account.ExpiresAt}
}

func (w *world) remove(d platforms.Deleter, x platforms.Existing, p plan) (err error, died bool) {
	return w.removeVia(d, x, w.transport(p))
}

func (w *world) removeVia(d platforms.Deleter, x platforms.Existing, tr *transport) (err error, died bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			died = true
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return d.Delete(ctx, w.conn(tr, w.token()), x), false
}
