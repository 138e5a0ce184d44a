package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"posthorn/internal/dev"
	"posthorn/internal/platforms/all"
	"posthorn/internal/platforms/farside"
)

// developer is a running `posthorn dev` on free ports and a data folder of its own.
type developer struct {
	*exec.Cmd
	command string // the curl line that it printed
	ended   chan error
}

func startDev(t *testing.T, dir string) *developer {
	t.Helper()
	d := &developer{Cmd: exec.Command(program(t, "posthorn"), "dev"), ended: make(chan error, 1)}
	d.Dir = dir
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "POSTHORN_") && !strings.HasPrefix(kv, "DATABASE_URL=") {
			d.Env = append(d.Env, kv)
		}
	}
	d.Env = append(d.Env, "POSTHORN_ADDR=127.0.0.1:"+freePort(t), "POSTHORN_SANDBOX_ADDR=127.0.0.1:"+freePort(t))
	out, err := d.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Process.Kill() })
	said := make(chan string, 1)
	go func() {
		var command strings.Builder
		for lines := bufio.NewScanner(out); lines.Scan(); {
			line := lines.Text()
			if strings.HasPrefix(line, "  curl ") || command.Len() > 0 && strings.HasPrefix(line, "    ") {
				command.WriteString(strings.TrimSuffix(line, `\`))
			}
			if strings.HasPrefix(line, "Stop with Ctrl-C") {
				said <- command.String()
			}
		}
		_, _ = io.Copy(io.Discard, out)
		d.ended <- d.Wait()
	}()
	select {
	case d.command = <-said:
	case err := <-d.ended:
		t.Fatalf("posthorn dev ended: %v", err)
	case <-time.After(60 * time.Second):
		t.Fatal("posthorn dev was not ready within a minute")
	}
	return d
}

// paste runs the command that was printed, as a newcomer would, and returns the post's status.
func (d *developer) paste(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("sh", "-c", d.command).Output()
	if err != nil {
		t.Fatalf("%s: %v", d.command, err)
	}
	var answer struct{ Post post }
	accounts := 0
	for name, fake := range all.Fakes(farside.Options{Now: time.Now}) {
		if dev.Takes(name, true) {
			accounts += len(fake.Accounts())
		}
	}
	if err := json.Unmarshal(out, &answer); err != nil || len(answer.Post.Platforms) != accounts {
		t.Fatalf("it answered %s (%v)", out, err)
	}
	return answer.Post.Status
}

// TestDev starts everything as a newcomer does, publishes with the line that is printed, kills it hard, starts it again on the same
// folder, publishes again, and stops it with Ctrl-C.
func TestDev(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("this test pastes a curl line and needs curl")
	}
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} { // as root, Postgres runs under another account and must be able to enter
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	first := startDev(t, dir)
	if got := first.paste(t); got != "published" {
		t.Errorf("the first post is %s", got)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-first.ended
	time.Sleep(time.Second) // the text of the line names the second
	second := startDev(t, dir)
	if got := second.paste(t); got != "published" {
		t.Errorf("after the restart the post is %s", got)
	}
	if err := second.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-second.ended:
		if err != nil {
			t.Errorf("Ctrl-C ended it with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("30 s after Ctrl-C it still runs")
	}
	if pid, err := os.ReadFile(filepath.Join(dir, ".posthorn", "postgres", "postmaster.pid")); err == nil {
		t.Errorf("the server was left behind: %s", pid)
	}
}
