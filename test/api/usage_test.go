package api

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"posthorn/internal/app"
)

// TestUsageWithoutPrices is a server that charges nothing: it meters all the same.
func TestUsageWithoutPrices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := float64(len(w.accounts))
	for _, path := range []string{"/v1/usage-stats", "/v1/usage", "/v1/usage?reconcile=true", "/api/v1/usage-stats?reconcile=false"} {
		got := w.do("GET", path, nil).want(200)
		if got.text("planName") != "self-hosted" || got.at("limits.uploads") != -1.0 || got.at("limits.profiles") != -1.0 || got.at("usage.connectedAccounts") != n || got.at("usage.profiles") != 2.0 ||
			got.at("spend.currentPeriodCents") != 0.0 || got.at("hasAccess") != true || got.at("customerId") != nil || got.text("signupDate") != "2026-01-15T10:00:00.000Z" {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	billing := w.do("GET", "/v1/billing", nil).want(200)
	if billing.at("balance") != nil || billing.at("plan.isPaid") != false || billing.text("period.start") != "2026-01-01T00:00:00.000Z" || billing.text("period.end") != "2026-02-01T00:00:00.000Z" ||
		billing.at("status.hasAccess") != true || billing.at("pricing") != nil {
		t.Errorf("billing is %s", billing.body)
	}
	if x := w.do("GET", "/v1/billing/x-pricing", nil).want(200); x.text("currency") != "USD" || string(x.body) == "" || x.at("tiers.0") != nil || x.at("operations.0") != nil {
		t.Errorf("x-pricing is %s", x.body)
	}
	m := w.do("GET", "/v1/usage?range=7d", nil).want(200)
	if m.at("supported") != true || m.text("days.6.date") != "2026-01-15" || m.at("days.6.connectedAccounts") != n || m.at("days.5.connectedAccounts") != 0.0 || m.at("totals.total") != 0.0 ||
		m.at("peaks.accounts") != n || m.text("period.source") != "window" {
		t.Errorf("the metering is %s", m.body)
	}
	if m := w.do("GET", "/v1/usage?range=cycle&granularity=total", nil).want(200); m.at("days.0") != nil || m.at("totals.accountDays") != n || m.text("period.source") != "cycle" {
		t.Errorf("the metering in total is %s", m.body)
	}
	if m := w.as(w.strangerKey, "GET", "/v1/usage?range=30d", nil).want(200); m.at("totals.accountDays") != 0.0 {
		t.Errorf("a stranger's is %s", m.body)
	}
	for _, bad := range []string{"range=soon", "range=7d&granularity=hour", "range=custom", "from=2026-01-01", "range=custom&from=2026-01-02&to=2026-01-01", "reconcile=perhaps", "range=7d&groupBy=platform",
		"range=7d&profileId=x", "range=7d&profileId=" + w.profile + "&accountId=" + w.bluesky} {
		w.do("GET", "/v1/usage?"+bad, nil).want(400)
	}
	w.do("GET", "/v1/usage-stats?reconcile=1x", nil).want(400)
	w.do("GET", "/v1/usage?range=7d&profileId="+w.strangerProfile, nil).want(404)
	w.as(w.strangerKey, "GET", "/v1/usage?range=7d&accountId="+w.bluesky, nil).want(404)
}

// TestBilling charges by a file of prices: two accounts free, then three bands.
func TestBilling(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "prices.json")
	prices := `{"plan": "reseller", "currency": "EUR", "tiers": [{"upTo": 2, "pricePerUnit": "0"}, {"upTo": 3, "pricePerUnit": "6.20"}, {"upTo": 4, "pricePerUnit": "3.10"}, {"pricePerUnit": "1.55"}]}`
	if err := os.WriteFile(path, []byte(prices), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, "POSTHORN_PRICING_FILE="+path)
	// Five accounts from the 1st on, whatever the sandbox has.
	if _, err := w.app.Pool.Exec(t.Context(), `delete from account_spans`); err != nil {
		t.Fatal(err)
	}
	if _, err := w.app.Pool.Exec(t.Context(), `insert into account_spans (account_id, owner_id, profile_id, platform, connected_at)
		select 'account' || n, $1, case when n <= 4 then $2 else $3 end, 'bluesky', '2026-01-01' from generate_series(1, 5) n`, w.owner.OwnerID, w.profile, w.second); err != nil {
		t.Fatal(err)
	}
	// On the 15th: 75 account-days, of which 62 are free, and 13 cost 6.20/31.
	b := w.do("GET", "/v1/billing", nil).want(200)
	if b.at("balance.accruedThisPeriodCents") != 260.0 || b.at("pricing.accountDays") != 75.0 || b.at("pricing.tiers.0.accountDays") != 62.0 || b.at("pricing.tiers.1.amountCents") != 260.0 ||
		b.at("pricing.tiers.3.upTo") != nil || b.text("pricing.tiers.3.pricePerUnit") != "1.55" || b.text("plan.name") != "reseller" || b.at("plan.isPaid") != true || b.text("pricing.currency") != "EUR" {
		t.Errorf("on the 15th: %s", b.body)
	}
	w.advance(16*24*time.Hour + 13*time.Hour) // the last hour of the month
	b = w.do("GET", "/v1/billing", nil).want(200)
	if b.at("balance.accruedThisPeriodCents") != 1085.0 || b.at("pricing.tiers.3.amountCents") != 155.0 { // 6.20 + 3.10 + 1.55
		t.Errorf("at the month's end: %s", b.body)
	}
	u := w.do("GET", "/v1/usage?range=cycle&groupBy=profile", nil).want(200)
	if u.at("totals.total") != 10.85 || u.at("attribution.groups.0.totalUsd") != 8.68 || u.at("attribution.groups.1.totalUsd") != 2.17 || u.at("attribution.unattributed.totalUsd") != 0.0 ||
		u.text("currency") != "EUR" || u.at("lineItems.0.quantity") != 155.0 {
		t.Errorf("by profile: %s", u.body)
	}
	key := w.restrictedKey("profile_ids", "{"+w.second+"}")
	if b := w.as(key, "GET", "/v1/billing", nil).want(200); b.at("balance.accruedThisPeriodCents") != 217.0 || b.at("pricing.tiers.0.amountCents") != nil || b.at("pricing.accountDays") != nil {
		t.Errorf("for a key of one profile: %s", b.body)
	}
	if s := w.do("GET", "/v1/usage-stats", nil).want(200); s.at("spend.currentPeriodCents") != 1085.0 || s.text("planName") != "reseller" {
		t.Errorf("the plan: %s", s.body)
	}
	w.advance(2 * time.Hour)
	if err := w.app.Usage.Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u := w.do("GET", "/v1/usage?range=prev-cycle&granularity=month", nil).want(200); u.at("totals.total") != 10.85 || u.at("days.0.accounts") != 10.85 || u.text("days.0.date") != "2026-01-01" {
		t.Errorf("the month when it is closed: %s", u.body)
	}
}

// TestBadPricesStopTheServer says at the start what is wrong with the file.
func TestBadPricesStopTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := *w.app.Config
	c.PricingFile = filepath.Join(t.TempDir(), "none.json")
	if a, err := app.OpenAt(t.Context(), &c, zerolog.Nop(), "api test", 2, w.clock); err == nil {
		a.Close()
		t.Error("a server started without its prices")
	}
}

// TestPublishedPostsAreMetered publishes for real.
func TestPublishedPostsAreMetered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	w.do("POST", "/v1/posts", map[string]any{"content": "hello", "publishNow": true, "platforms": []any{target("bluesky", w.bluesky)}}).want(201)
	if got := w.do("GET", "/v1/usage?range=cycle&groupBy=account", nil).want(200); got.at("totals.postsPublished") != 1.0 || got.at("attribution.totals.postsPublished") != 1.0 {
		t.Errorf("the metering is %s", got.body)
	}
	if got := w.do("GET", "/v1/usage-stats", nil).want(200); got.at("usage.uploads") != 1.0 {
		t.Errorf("the plan's usage is %s", got.body)
	}
}
