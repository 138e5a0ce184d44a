package youtube_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/youtube"
	"posthorn/internal/platforms/youtube/youtubefake"
)

// TestUploadGoesOn kills the worker at 60 % of a large video, in the middle of a piece: the next one goes on from what YouTube has, which may be less than
// it was sent.
func TestUploadGoesOn(t *testing.T) {
	t.Parallel()
	for name, forgets := range map[string]bool{"that keeps all": false, "that keeps what it likes": true} {
		t.Run(name, func(t *testing.T) { goesOn(t, forgets) })
	}
}

func goesOn(t *testing.T, forgets bool) {
	const usual, grain = 8 << 20, 256 << 10
	f := newFar(t, 0)
	if !forgets {
		f.KeepAll()
	}
	f.film = append(f.film[:16], make([]byte, 100<<20)...)
	at, deaths := int64(len(f.film))*6/10+100_000, 0
	f.cut = func(_ *http.Request, body []byte) (int, bool) {
		if rest := at - f.sent; deaths == 0 && rest >= 0 && rest < int64(len(body)) {
			deaths++
			return int(rest), true
		}
		return len(body), false
	}
	task := f.task("A large film", "")
	first := int64(-1)
	for range 200 {
		before := f.sent
		s, err, dead := f.take(youtube.Platform{}, &task)
		if err != nil {
			t.Fatal(err)
		}
		if deaths == 1 && !dead && first < 0 && f.sent > before {
			first = before // what had been sent when it died
		}
		f.now = f.now.Add(s.Wait)
		if s.Done == nil {
			continue
		}
		again := f.sent - int64(len(f.film))
		t.Logf("of %d bytes the worker had sent %d when it died; %d were sent again, the usual piece has %d", len(f.film), first, again, usual)
		most := int64(grain)
		if forgets { // of one piece in three the last 256 KB
			most += (int64(len(f.film))/usual + 2) / 2 * grain
		}
		if deaths != 1 || first != at || again <= 0 || again > most {
			t.Errorf("%d deaths, %d bytes were sent again", deaths, again)
		}
		if n := len(f.Posts()); n != 1 {
			t.Errorf("the channel has %d videos", n)
		}
		return
	}
	t.Fatal("it never ended")
}

// TestUploadsThatEndBadly makes the file a video and loses the answer, the upload, or both: there is one video in the end, whatever YouTube shows of it.
func TestUploadsThatEndBadly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		endings  []youtubefake.Ending
		nameless bool
		begun    int // uploads
	}{
		"the answer is lost":                     {[]youtubefake.Ending{youtubefake.DropAnswer}, false, 1},
		"the upload is forgotten":                {[]youtubefake.Ending{youtubefake.Forget}, false, 1},
		"and the file's name is not told":        {[]youtubefake.Ending{youtubefake.Forget}, true, 1},
		"it is forgotten before the last piece":  {[]youtubefake.Ending{youtubefake.ForgetFirst}, false, 2},
		"again and again":                        {[]youtubefake.Ending{youtubefake.ForgetFirst, youtubefake.ForgetFirst, youtubefake.ForgetFirst}, true, 4},
		"it is forgotten, and then the next one": {[]youtubefake.Ending{youtubefake.ForgetFirst, youtubefake.Forget}, false, 2},
	} {
		f := newFar(t, 0)
		other := f.task("An older one with the same text", "")
		if _, err := f.until(&other, ""); err != nil {
			t.Fatal(err)
		}
		f.EndUploads(c.endings...)
		if c.nameless {
			f.Nameless()
		}
		f.now = f.now.Add(time.Hour)
		before, _ := f.Units()
		task := f.task("An older one with the same text", "")
		s, err := f.until(&task, "")
		if after, _ := f.Units(); err != nil || len(f.Posts()) != 2 || s.Done.ID != f.Posts()[0].ID || after-before != c.begun {
			t.Errorf("%s: %v; the channel has %d videos of %d uploads; %+v", name, err, len(f.Posts()), after-before, s.Done)
		}
	}
	f := newFar(t, 0)
	f.EndUploads(youtubefake.ForgetFirst, youtubefake.ForgetFirst, youtubefake.ForgetFirst, youtubefake.ForgetFirst)
	task := f.task("never", "")
	_, err := f.until(&task, "")
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.Rejected || e.Rule != "youtube.upload.lost" || len(f.Posts()) != 0 {
		t.Errorf("%v; the channel has %d videos", err, len(f.Posts()))
	}
	f.now = f.now.Add(time.Hour) // a retry
	if _, err := f.until(&task, ""); err != nil || len(f.Posts()) != 1 {
		t.Errorf("tried again: %v; the channel has %d videos", err, len(f.Posts()))
	}
}

// TestASlowLine breaks off within every piece: each try brings the upload a little further, and none of them counts as a failure.
func TestASlowLine(t *testing.T) {
	t.Parallel()
	f := newFar(t, 0)
	f.KeepAll()
	f.film = append(f.film[:16], make([]byte, 20<<20)...)
	f.slow = 3 << 20
	task := f.task("slowly", "")
	failures := 0
	for range 100 {
		s, err, _ := f.take(youtube.Platform{}, &task)
		if err != nil {
			if failures++; failures > 2 {
				t.Fatalf("%d failures in a row: %v", failures, err)
			}
			task.InDoubt = task.State.Step == "finishing"
			continue
		}
		failures = 0
		f.now = f.now.Add(s.Wait)
		if s.Done != nil {
			return
		}
	}
	t.Error("it never ended")
}

// TestAForgottenUploadBeginsAgain forgets an upload in its middle: nothing can have become of it, and nobody looks for it.
func TestAForgottenUploadBeginsAgain(t *testing.T) {
	t.Parallel()
	f := newFar(t, 0)
	f.film = append(f.film[:16], make([]byte, 20<<20)...)
	task := f.task("long", "")
	if _, err := f.until(&task, "uploading"); err != nil {
		t.Fatal(err)
	}
	f.ForgetUploads()
	if _, err := f.until(&task, ""); err != nil || len(f.Posts()) != 1 {
		t.Errorf("%v; the channel has %d videos", err, len(f.Posts()))
	}
	for _, call := range f.calls {
		if strings.Contains(call, "playlistItems") {
			t.Error("it was looked for")
		}
	}
}

// TestTheKeyIsGone opens an upload whose address was sealed with a key that is no longer there.
func TestTheKeyIsGone(t *testing.T) {
	t.Parallel()
	f := newFar(t, 0)
	task := f.task("sealed", "")
	if _, err := f.until(&task, "finishing"); err != nil {
		t.Fatal(err)
	}
	task.State.Data = []byte(strings.Replace(string(task.State.Data), `"session":"`, `"session":"x`, 1))
	if _, err := f.until(&task, ""); err != nil || len(f.Posts()) != 1 {
		t.Errorf("%v; the channel has %d videos", err, len(f.Posts()))
	}
}

// TestTokensEndInTheMiddle lets the access token end while a file is sent: the upload goes on with the next one.
func TestTokensEndInTheMiddle(t *testing.T) {
	t.Parallel()
	f := newFar(t, 0)
	task := f.task("slowly", "")
	if _, err := f.until(&task, "finishing"); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(2 * time.Hour)
	_, err, _ := f.take(youtube.Platform{}, &task)
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.TokenExpired {
		t.Fatalf("with a token that has ended: %v", err)
	}
	if _, err := f.until(&task, ""); err != nil || len(f.Posts()) != 1 {
		t.Errorf("%v; the channel has %d videos", err, len(f.Posts()))
	}
	if uploads, _ := f.Units(); uploads != 1 {
		t.Errorf("it took %d uploads", uploads)
	}
}

// TestAnotherFile sends a file that has become another one.
func TestAnotherFile(t *testing.T) {
	t.Parallel()
	f := newFar(t, 0)
	task := f.task("changed", "")
	if _, err := f.until(&task, "finishing"); err != nil {
		t.Fatal(err)
	}
	f.size = int64(len(f.film)) + 1
	_, err, _ := f.take(youtube.Platform{}, &task)
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.Rejected || e.Rule != "youtube.post_changed" {
		t.Errorf("%v", err)
	}
}

// TestTheAddressIsASecret looks for the upload's address in everything that is stored and said.
func TestTheAddressIsASecret(t *testing.T) {
	t.Parallel()
	f := newFar(t, 0)
	f.film = append(f.film[:16], make([]byte, 20<<20)...)
	f.EndUploads(youtubefake.DropAnswer)
	task, faults := f.task("secretly", ""), 0
	for range 8 {
		s, err, _ := f.take(youtube.Platform{}, &task)
		said := string(s.State.Data) + s.Note
		if err != nil {
			faults++
			task.InDoubt = true
			said = fmt.Sprintf("%v %+v", err, platforms.AsError(err))
		}
		for _, secret := range f.Secrets() {
			if strings.Contains(said, secret) {
				t.Errorf("it shows in %s", said)
			}
		}
		f.now = f.now.Add(s.Wait)
	}
	if len(f.Secrets()) != 1 || faults != 1 {
		t.Errorf("there were %d uploads and %d faults", len(f.Secrets()), faults)
	}
}
