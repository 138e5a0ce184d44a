// Package clients drives a running Posthorn with clients that others published for its wire contract, unmodified.
package clients

import (
	"os"
	"os/exec"
	"testing"
)

func TestPublishedClients(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed, so the published clients of the contract were not tried", program)
		}
	}
	install := exec.Command("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
	if out, err := install.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "" { // a developer may be without network; CI is not
			t.Skipf("the published clients could not be installed (%v), so they were not tried: %s", err, out)
		}
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	out, err := exec.Command("bash", "run.sh").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
