// Package browser opens the pages of a running Posthorn in a real browser, as the users do who connect their accounts.
package browser

import (
	"os"
	"os/exec"
	"testing"
)

func TestConnectInABrowser(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"node", "npm", "chromium"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed, so connecting was not tried in a browser", program)
		}
	}
	install := exec.Command("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
	if out, err := install.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "" { // a developer may be without network; CI is not
			t.Skipf("the browser's driver could not be installed (%v), so connecting was not tried in a browser: %s", err, out)
		}
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	out, err := exec.Command("bash", "run.sh").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
