package config

import (
	"bufio"
	"os"
	"strings"
	"testing"
	"time"

	"posthorn/internal/tokens"
)

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := Load(env("DATABASE_URL", "postgres://localhost/x", "POSTHORN_MASTER_KEYS", tokens.NewKey("k1")), false)
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != ":8080" || c.PublicURL != "http://localhost:8080" || c.Gateway != nil || c.AllowPrivate || c.PublishWait != 50*time.Second || c.Keys == nil {
		t.Errorf("defaults are %+v", c)
	}
	dev, err := Load(env("POSTHORN_ADDR", "127.0.0.1:9999"), true)
	if err != nil {
		t.Fatal(err)
	}
	if dev.PublicURL != "http://127.0.0.1:9999" || !dev.AllowPrivate {
		t.Errorf("dev's defaults are %+v", dev)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load(env("POSTHORN_ADDR", "8080", "POSTHORN_PUBLIC_URL", "localhost", "POSTHORN_MASTER_KEYS", "k1:short", "POSTHORN_PLATFORM_GATEWAY", "ftp://x",
		"POSTHORN_DEV_API_KEY", "sk_1", "POSTHORN_ALLOW_PRIVATE_NETWORKS", "maybe", "POSTHORN_PUBLISH_WAIT", "soon", "POSTHORN_LOG_LEVEL", "loud", "POSTHORN_INSTAGRAM_CLIENT_ID", "1"), false)
	if err == nil {
		t.Fatal("no fault found")
	}
	for _, name := range []string{"DATABASE_URL", "POSTHORN_ADDR", "POSTHORN_PUBLIC_URL", "POSTHORN_MASTER_KEYS", "POSTHORN_PLATFORM_GATEWAY", "POSTHORN_DEV_API_KEY",
		"POSTHORN_ALLOW_PRIVATE_NETWORKS", "POSTHORN_PUBLISH_WAIT", "POSTHORN_LOG_LEVEL", "POSTHORN_INSTAGRAM_CLIENT_SECRET"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the fault of %s is missing in:\n%v", name, err)
		}
	}
	if strings.Contains(err.Error(), "short") || strings.Contains(err.Error(), "sk_1") {
		t.Errorf("a secret shows in:\n%v", err)
	}
}

// TestEnvExample holds .env.example to the settings that exist: each once, with its default.
func TestEnvExample(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	shown := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimPrefix(strings.TrimSpace(lines.Text()), "#")
		if name, value, ok := strings.Cut(line, "="); ok && !strings.ContainsAny(name, " \t") {
			if _, twice := shown[name]; twice {
				t.Errorf("%s is shown twice", name)
			}
			shown[name] = value
		}
	}
	for _, v := range Variables() {
		value, ok := shown[v.Name]
		if !ok {
			t.Errorf(".env.example does not show %s", v.Name)
		} else if v.Default != "" && value != v.Default {
			t.Errorf(".env.example shows %s=%s, the default is %s", v.Name, value, v.Default)
		}
		delete(shown, v.Name)
	}
	for name := range shown {
		t.Errorf(".env.example shows %s, which no setting reads", name)
	}
}

func TestBrand(t *testing.T) {
	t.Parallel()
	load := func(name, color string) (*Config, error) {
		return Load(env("POSTHORN_BRAND_NAME", name, "POSTHORN_BRAND_COLOR", color), true)
	}
	if c, err := load("Acme & Söhne", "#0B6E4F"); err != nil || c.BrandName != "Acme & Söhne" || c.BrandColor != "#0b6e4f" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, color := range []string{"green", "#fff", "#0b6e4f;}", "#0b6e4g", "0b6e4f", "#ffd400"} {
		if _, err := load("", color); err == nil || !strings.Contains(err.Error(), "POSTHORN_BRAND_COLOR") {
			t.Errorf("%s: %v", color, err)
		}
	}
	for _, name := range []string{strings.Repeat("x", 61), "a\x07b"} {
		if _, err := load(name, ""); err == nil || !strings.Contains(err.Error(), "POSTHORN_BRAND_NAME") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
