// Package config reads the settings from the environment into one struct, and reports every fault at once.
package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"posthorn/internal/auth"
	"posthorn/internal/platforms"
	"posthorn/internal/tokens"
)

// Config is what all commands read. A field that a command does not use may be zero.
type Config struct {
	DatabaseURL           string
	Addr                  string
	PublicURL             string // without a slash at the end
	Keys                  *tokens.Keys
	BlobURL               string
	Gateway               *url.URL // nil: the real platforms
	DataDir               string
	SandboxAddr           string
	DevKey                string
	DevKeyB               string
	AllowPrivate          bool
	PublishWait           time.Duration
	LogLevel              string
	LogDays               int    // that the customers' log is kept
	APILimits             [3]int // requests a minute: up to 2 accounts, up to 2,000, more; zero: no limit
	BrandName, BrandColor string // of the pages for users; the colour as #rrggbb
	// ReconnectGrace is how long after its time a scheduled post waits for its account to be connected again.
	ReconnectGrace time.Duration
	Velocity       int            // posts an hour and account; zero: no limit
	Budgets        map[string]int // the operator's limits in place of the adapters', by "platform.budget"; "*" is all; zero: unlimited
	DailyCaps      map[string]int // posts a day and account, by platform; "*" is all others; zero: no limit
	PricingFile    string
	apps           map[string]platforms.App
}

// App is the operator's registration of a name, such as "instagram" or "facebook"; zero when there is none.
func (c *Config) App(name string) platforms.App { return c.apps[name] }

// Variable is one setting, for the help text and for the check of .env.example.
type Variable struct {
	Name, Default, Meaning string
}

// variables are all settings that do not belong to one platform.
var variables = []Variable{
	{"DATABASE_URL", "", "Postgres 14 or newer; posthorn dev starts its own without it"},
	{"POSTHORN_ADDR", ":8080", "where the API listens; posthorn dev: 127.0.0.1:8080"},
	{"POSTHORN_PUBLIC_URL", "http://localhost:8080", "how the world reaches the API: media URLs, OAuth redirects; posthorn dev: where it listens"},
	{"POSTHORN_MASTER_KEYS", "", "id:base64,...: the keys that seal tokens; the first seals, all open; posthorn dev makes one"},
	{"POSTHORN_BLOB_URL", "", "where media lives: file://, s3://, gs:// or azblob://; empty: file:// in the data folder"},
	{"POSTHORN_PLATFORM_GATEWAY", "", "send every platform call here, as /HOST/PATH; posthorn dev: its sandbox"},
	{"POSTHORN_DATA_DIR", ".posthorn", "posthorn dev: Postgres cluster, key, media; otherwise media"},
	{"POSTHORN_SANDBOX_ADDR", "127.0.0.1:8090", "posthorn dev: where the sandbox listens"},
	{"POSTHORN_DEV_API_KEY", "", "posthorn dev: fixed API key of the seeded owner; empty: made once"},
	{"POSTHORN_DEV_API_KEY_B", "", "posthorn dev: fixed API key of a second, empty owner; empty: made once"},
	{"POSTHORN_ALLOW_PRIVATE_NETWORKS", "false", "whether media URLs may be on private addresses; posthorn dev: true"},
	{"POSTHORN_PUBLISH_WAIT", "50s", "how long publishNow waits before it answers with what there is"},
	{"POSTHORN_BRAND_NAME", "", "the name that users see on the pages on which they connect accounts; empty: none"},
	{"POSTHORN_BRAND_COLOR", "", "the colour of those pages' buttons and links, such as #0b6e4f; empty: blue"},
	{"POSTHORN_RECONNECT_GRACE", "24h", "how long after its time a scheduled post waits for an account whose token is dead to be connected again; 0s: it fails at once"},
	{"POSTHORN_LOG_LEVEL", "info", "debug, info, warn or error"},
	{"POSTHORN_LOG_DAYS", "90", "how many days the log that customers read is kept: 1 to 90"},
	{"POSTHORN_API_RATE_LIMIT", "60,600,1200", "requests a minute of an owner with up to 2, up to 2,000 and more accounts, or one number for all; 0: no limit; posthorn dev: 1000000"},
	{"POSTHORN_VELOCITY_LIMIT", "25", "posts that an account may publish in an hour; 0: no limit; posthorn dev: 0"},
	{"POSTHORN_BUDGETS", "", "limits of the platforms' budgets in place of what they state, such as instagram.calls_hour=400; 0: not counted; GET /v1/platforms names them; posthorn dev: *=0"},
	{"POSTHORN_DAILY_CAPS", defaultCaps, "posts that an account may publish in 24 hours, by platform; * is all others; 0: no limit; posthorn dev: *=0"},
	{"POSTHORN_TIKTOK_PULL_VIDEOS", "false", "whether TikTok reads videos from the public address, verified in its app, instead of being sent them"},
	{"POSTHORN_PRICING_FILE", "", "JSON with the graduated prices that GET /v1/billing computes; see docs/metering.md"},
}

// defaultCaps are the contract's. A post to TikTok over its limit is not refused but waits, as its budgets say.
const defaultCaps = "instagram=100,facebook=100,threads=250,twitter=50,pinterest=25,tiktok=0,*=50"

// appNames are the registrations an operator can have. Instagram has one for each of its two logins, of which the second is Facebook's own.
var appNames = []string{"facebook", "instagram", "threads", "tiktok", "twitter", "youtube"}

// Variables lists every setting.
func Variables() []Variable {
	list := append([]Variable(nil), variables...)
	for _, name := range appNames {
		prefix := "POSTHORN_" + strings.ToUpper(name)
		list = append(list, Variable{prefix + "_CLIENT_ID", "", "the operator's " + name + " app"}, Variable{prefix + "_CLIENT_SECRET", "", "its secret"},
			Variable{prefix + "_API_VERSION", "", "the API version to speak; empty: the adapter's"})
	}
	return list
}

// Load reads the settings. dev changes the defaults to those of posthorn dev. All faults come in one error, a line each.
func Load(getenv func(string) string, dev bool) (*Config, error) {
	r := reader{getenv: getenv}
	c := &Config{
		DatabaseURL: r.text("DATABASE_URL"), Addr: r.addr("POSTHORN_ADDR", ":8080"), PublicURL: r.base("POSTHORN_PUBLIC_URL", "http://localhost:8080"),
		BlobURL: r.text("POSTHORN_BLOB_URL"), Gateway: r.optionalURL("POSTHORN_PLATFORM_GATEWAY"), DataDir: r.or("POSTHORN_DATA_DIR", ".posthorn"),
		SandboxAddr: r.addr("POSTHORN_SANDBOX_ADDR", "127.0.0.1:8090"), DevKey: r.key("POSTHORN_DEV_API_KEY"), DevKeyB: r.key("POSTHORN_DEV_API_KEY_B"),
		AllowPrivate: r.boolean("POSTHORN_ALLOW_PRIVATE_NETWORKS", dev), PublishWait: r.duration("POSTHORN_PUBLISH_WAIT", 50*time.Second),
		LogLevel: r.oneOf("POSTHORN_LOG_LEVEL", "info", "debug", "warn", "error"), apps: map[string]platforms.App{},
	}
	c.BrandName, c.BrandColor = r.name("POSTHORN_BRAND_NAME"), r.color("POSTHORN_BRAND_COLOR")
	c.ReconnectGrace = r.duration("POSTHORN_RECONNECT_GRACE", 24*time.Hour)
	c.LogDays, c.PricingFile = r.number("POSTHORN_LOG_DAYS", 90, 1, 90), r.text("POSTHORN_PRICING_FILE")
	limits, velocity, caps, budgets := "60,600,1200", 25, defaultCaps, ""
	if dev { // a developer tries things, again and again
		limits, velocity, caps, budgets = "1000000", 0, "*=0", "*=0"
	}
	c.Budgets = r.budgets("POSTHORN_BUDGETS", budgets)
	c.APILimits, c.Velocity, c.DailyCaps = r.limits("POSTHORN_API_RATE_LIMIT", limits), r.number("POSTHORN_VELOCITY_LIMIT", velocity, 0, maxLimit), r.caps("POSTHORN_DAILY_CAPS", caps)
	if dev && getenv("POSTHORN_ADDR") == "" {
		c.Addr = "127.0.0.1:8080"
	}
	if dev && getenv("POSTHORN_PUBLIC_URL") == "" {
		if _, port, err := net.SplitHostPort(c.Addr); err == nil {
			c.PublicURL = "http://127.0.0.1:" + port // not localhost: that may mean ::1, where nothing listens
		}
	}
	if c.BlobURL == "" {
		if abs, err := filepath.Abs(filepath.Join(c.DataDir, "media")); err == nil {
			c.BlobURL = "file://" + filepath.ToSlash(abs) + "?create_dir=true&no_tmp_dir=true"
		}
	}
	c.Keys = r.keys("POSTHORN_MASTER_KEYS", dev)
	if c.DatabaseURL == "" && !dev {
		r.fault("DATABASE_URL is missing: set it to a Postgres 14 or newer, for example postgres://user:password@host:5432/posthorn")
	}
	pullVideos := r.boolean("POSTHORN_TIKTOK_PULL_VIDEOS", false)
	for _, name := range appNames {
		prefix := "POSTHORN_" + strings.ToUpper(name)
		app := platforms.App{ID: r.text(prefix + "_CLIENT_ID"), Secret: platforms.NewSecret(r.text(prefix + "_CLIENT_SECRET")), Version: r.text(prefix + "_API_VERSION")}
		if (app.ID == "") != app.Secret.IsZero() {
			r.fault("%s_CLIENT_ID and %s_CLIENT_SECRET belong together: set both or neither", prefix, prefix)
		}
		if dev && app.ID == "" { // the sandbox takes any
			app.ID, app.Secret = "sandbox-"+name, platforms.NewSecret("sandbox-secret")
		}
		app.Pull = name == "tiktok" && pullVideos
		c.apps[name] = app
	}
	return c, errors.Join(r.faults...)
}

// reader collects the faults of all settings it reads.
type reader struct {
	getenv func(string) string
	faults []error
}

func (r *reader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf(format, args...))
}

func (r *reader) text(name string) string { return strings.TrimSpace(r.getenv(name)) }

func (r *reader) or(name, otherwise string) string {
	if v := r.text(name); v != "" {
		return v
	}
	return otherwise
}

func (r *reader) addr(name, otherwise string) string {
	v := r.or(name, otherwise)
	if _, port, err := net.SplitHostPort(v); err != nil || port == "" {
		r.fault("%s=%q is not an address to listen on, such as :8080 or 127.0.0.1:8080", name, v)
	}
	return v
}

func (r *reader) url(name, v string) *url.URL {
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		r.fault("%s=%q is not an http or https address without query, such as http://localhost:8080", name, v)
		return &url.URL{}
	}
	return u
}

func (r *reader) base(name, otherwise string) string {
	v := strings.TrimRight(r.or(name, otherwise), "/")
	r.url(name, v)
	return v
}

func (r *reader) optionalURL(name string) *url.URL {
	if v := r.text(name); v != "" {
		return r.url(name, v)
	}
	return nil
}

func (r *reader) key(name string) string {
	v := r.text(name)
	if v != "" && !auth.ValidKey(v) {
		r.fault("%s is not an API key: sk_ and 64 lower-case hex digits", name)
	}
	return v
}

// keys may be missing in dev, which makes its own.
func (r *reader) keys(name string, optional bool) *tokens.Keys {
	v := r.text(name)
	if v == "" {
		if !optional {
			r.fault("%s is missing: it seals the platforms' tokens; make one with: echo \"k1:$(openssl rand -base64 32)\"", name)
		}
		return nil
	}
	k, err := tokens.ParseKeys(v)
	if err != nil {
		r.fault("%s: %v", name, err)
	}
	return k
}

func (r *reader) boolean(name string, otherwise bool) bool {
	v := r.text(name)
	if v == "" {
		return otherwise
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		r.fault("%s=%q is neither true nor false", name, v)
	}
	return b
}

func (r *reader) duration(name string, otherwise time.Duration) time.Duration {
	v := r.text(name)
	if v == "" {
		return otherwise
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		r.fault("%s=%q is not a duration such as 50s", name, v)
	}
	return d
}

// name reads a short text that people see.
func (r *reader) name(variable string) string {
	v := r.text(variable)
	if utf8.RuneCountInString(v) > 60 || strings.ContainsFunc(v, unicode.IsControl) || !utf8.ValidString(v) {
		r.fault("%s is too long, or holds characters that cannot be shown: it takes up to 60", variable)
	}
	return v
}

// leastContrast is that of text on its ground by WCAG 2.2, level AA.
const leastContrast = 4.5

// color reads a colour that is readable on white and has white text on it.
func (r *reader) color(variable string) string {
	v := r.text(variable)
	if v == "" {
		return ""
	}
	digits, ok := strings.CutPrefix(v, "#")
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil || len(raw) != 3 {
		r.fault("%s=%q is not a colour such as #0b6e4f", variable, v)
		return ""
	}
	linear := func(c uint8) float64 {
		if x := float64(c) / 255; x > 0.04045 {
			return math.Pow((x+0.055)/1.055, 2.4)
		}
		return float64(c) / 255 / 12.92
	}
	if contrast := 1.05 / (0.2126*linear(raw[0]) + 0.7152*linear(raw[1]) + 0.0722*linear(raw[2]) + 0.05); contrast < leastContrast {
		r.fault("%s=%q is too light to be read on white: its contrast is %.1f, and must be %.1f", variable, v, contrast, leastContrast)
	}
	return strings.ToLower(v)
}

func (r *reader) oneOf(name, otherwise string, others ...string) string {
	v := r.or(name, otherwise)
	for _, known := range append(others, otherwise) {
		if v == known {
			return v
		}
	}
	r.fault("%s=%q is not one of %s", name, v, strings.Join(append([]string{otherwise}, others...), ", "))
	return otherwise
}
