package usage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const graduated = `{"currency": "EUR", "tiers": [{"upTo": 2, "pricePerUnit": "0"}, {"upTo": 10, "pricePerUnit": "3.00"}, {"upTo": 100, "pricePerUnit": "2"}, {"pricePerUnit": "0.333333"}]}`

func mustTariff(t *testing.T, text string) *Tariff {
	t.Helper()
	tariff, err := ParseTariff([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return tariff
}

func TestCost(t *testing.T) {
	t.Parallel()
	tariff := mustTariff(t, graduated)
	for _, tt := range []struct {
		accountDays, days int
		want              int64
	}{
		{0, 30, 0},
		{60, 30, 0},                // two accounts all month: free
		{61, 30, 10},               // one account-day of 3.00/30
		{90, 30, 300},              // three accounts
		{300, 30, 2400},            // ten: 8 × 3.00
		{330, 30, 2600},            // eleven
		{3000, 30, 20400},          // a hundred: 8 × 3 + 90 × 2
		{3001, 30, 20401},          // and 0.333333/30 = 0.0111, rounded
		{3090, 30, 20500},          // 103: 3 × 0.333333 = 0.999999
		{93, 31, 300},              // the same three accounts in a longer month cost the same
		{84, 28, 300},              //
		{63, 31, 10},               // 1/31 of 3.00 = 0.0967…
		{30_000_000, 30, 33350367}, // a million: 204 + 999,900 × 0.333333
	} {
		if got := cents(tariff.cost(tt.accountDays, tt.days)); got != tt.want {
			t.Errorf("%d account-days of %d: %d cents, want %d", tt.accountDays, tt.days, got, tt.want)
		}
		sum, days := int64(0), 0
		for _, b := range tariff.Bands(tt.accountDays, tt.days) {
			sum, days = sum+b.Cents, days+b.AccountDays
		}
		if sum != tt.want || days != tt.accountDays {
			t.Errorf("the bands of %d account-days sum up to %d and %d cents", tt.accountDays, days, sum)
		}
	}
}

func TestBadTariffs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{`:  "JSON",
		`[]`: "JSON",
		`{"currency":"EUR","tiers":[{"pricePerUnit":"1"}]} {}`:                                                          "after the end",
		`{"currency":"EUR","price":1,"tiers":[]}`:                                                                       "price",
		`{"currency":"euro","tiers":[{"pricePerUnit":"1"}]}`:                                                            "currency",
		`{"currency":"EUR","unit":"post","tiers":[{"pricePerUnit":"1"}]}`:                                               "unit",
		`{"currency":"EUR","tiers":[]}`:                                                                                 "tiers",
		`{"currency":"EUR","tiers":[{"upTo":2,"pricePerUnit":"1"}]}`:                                                    "tiers[0]",
		`{"currency":"EUR","tiers":[{"pricePerUnit":"1"},{"pricePerUnit":"1"}]}`:                                        "tiers[0].upTo",
		`{"currency":"EUR","tiers":[{"upTo":2,"pricePerUnit":"1"},{"upTo":2,"pricePerUnit":"1"},{"pricePerUnit":"1"}]}`: "tiers[1].upTo",
		`{"currency":"EUR","tiers":[{"upTo":0,"pricePerUnit":"1"},{"pricePerUnit":"1"}]}`:                               "tiers[0].upTo",
		`{"currency":"EUR","tiers":[{"pricePerUnit":"-1"}]}`:                                                            "tiers[0].pricePerUnit",
		`{"currency":"EUR","tiers":[{"pricePerUnit":"1e3"}]}`:                                                           "tiers[0].pricePerUnit",
		`{"currency":"EUR","tiers":[{"pricePerUnit":"0.1234567"}]}`:                                                     "tiers[0].pricePerUnit",
		`{"currency":"EUR","tiers":[{"upTo":null}]}`:                                                                    "tiers[0].pricePerUnit",
	} {
		if _, err := ParseTariff([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something on %s", text, err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "prices.json")
	if _, err := LoadTariff(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(path, []byte(`{"currency":"EUR","tiers":[{"upTo":5,"pricePerUnit":1.25},{"pricePerUnit":1}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if tariff, err := LoadTariff(path); err != nil || tariff.Tiers[0].Text != "1.25" || tariff.Unit != defaultUnit || tariff.Plan != "usage" {
		t.Errorf("prices as numbers: %+v, %v", tariff, err)
	}
}

func TestCycle(t *testing.T) {
	t.Parallel()
	start, end := Cycle(time.Date(2026, 2, 28, 23, 59, 0, 0, time.FixedZone("", -3600))) // March in UTC
	if start.Format(time.DateOnly) != "2026-03-01" || end.Format(time.DateOnly) != "2026-04-01" || daysIn(start) != 31 {
		t.Errorf("%s to %s", start, end)
	}
}
