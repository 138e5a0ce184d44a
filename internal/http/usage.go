package http

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"posthorn/internal/accounts"
	"posthorn/internal/http/wire"
	"posthorn/internal/id"
	"posthorn/internal/logs"
	"posthorn/internal/usage"
)

// usageHandlers tell logs, usage and billing.
func (s *Server) usageHandlers() map[string]handler {
	return map[string]handler{
		"listLogs":           s.listLogs(""),
		"listPublishingLogs": s.listLogs(logs.Publishing),
		"listConnectionLogs": s.listLogs(logs.Connections),
		"getUsageStats":      s.getUsageStats,
		"getUsage":           s.getUsage,
		"getBilling":         s.getBilling,
		"getXApiPricing":     s.getXAPIPricing,
	}
}

const (
	// billingSystem is the contract's word for billing by usage, which this server does where there are prices.
	billingSystem = "metronome"
	// selfHosted is the plan of a server without prices.
	selfHosted = "self-hosted"
	anchorDay  = 1
	unlimited  = -1
)

func planName(t *usage.Tariff) string {
	if t == nil {
		return selfHosted
	}
	return t.Plan
}

func (s *Server) getUsageStats(w http.ResponseWriter, r *http.Request) error {
	by := principalOf(r)
	report, err := s.cfg.Usage.Report(r.Context(), by, usage.Query{Range: "cycle", Granularity: usage.InTotal})
	if err != nil {
		return err
	}
	_, connected, err := s.cfg.Accounts.List(r.Context(), by, accounts.Filter{Status: "connected", Limit: 1})
	if err != nil {
		return err
	}
	_, profiles, err := s.cfg.Accounts.Profiles(r.Context(), by, accounts.ProfileFilter{Limit: 1})
	if err != nil {
		return err
	}
	signup := id.Time(by.OwnerID)
	out := wire.UsageStats{BillingSystem: billingSystem, PlanName: planName(report.Tariff), BillingPeriod: "monthly", SignupDate: wire.At(&signup), BillingAnchorDay: anchorDay,
		HasAccess: true, IsInvitedUser: by.UserID != by.OwnerID}
	out.Limits.Uploads, out.Limits.Profiles = unlimited, unlimited
	out.Usage.ConnectedAccounts, out.Usage.Uploads, out.Usage.Profiles, out.Usage.LastReset = connected, report.Total.Posts, profiles, wire.At(&report.From)
	out.Usage.XApiCalls = map[string]int{"x_api_005": 0, "x_api_010": 0, "x_api_015": 0}
	out.Usage.XApiCallsByOperation = map[string]int{}
	out.Spend.CurrentPeriodCents = report.Total.Cents
	s.write(w, r, http.StatusOK, out)
	return nil
}

// meteringParameters are those that ask for the metering.
var meteringParameters = []string{"range", "granularity", "from", "to", "groupBy", "profileId", "accountId"}

func asksForMetering(q url.Values) bool {
	for _, name := range meteringParameters {
		if q.Get(name) != "" {
			return true
		}
	}
	return false
}

func (s *Server) getUsage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if !asksForMetering(q) {
		return s.getUsageStats(w, r)
	}
	query := usage.Query{Range: q.Get("range"), From: q.Get("from"), To: q.Get("to"), Granularity: usage.Granularity(q.Get("granularity")), GroupBy: q.Get("groupBy"),
		ProfileID: q.Get("profileId"), AccountID: q.Get("accountId")}
	if query.Range == "" && (query.From != "" || query.To != "") {
		query.Range = "custom"
	}
	report, err := s.cfg.Usage.Report(r.Context(), principalOf(r), query)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, metering(report, query))
	return nil
}

func metering(r usage.Report, q usage.Query) wire.UsageMetering {
	out := wire.UsageMetering{Supported: true, Granularity: string(r.Granularity), Days: make([]wire.UsageDay, 0, len(r.Buckets)), LineItems: []wire.UsageLineItem{}}
	zero := amount(0)
	for _, b := range r.Buckets {
		out.Days = append(out.Days, wire.UsageDay{Date: b.Date.Format(time.DateOnly), Accounts: amount(b.Cents), Numbers: zero, Calls: zero, Sms: zero, Dlc: zero, XApi: zero,
			Credits: zero, Other: zero, ConnectedAccounts: b.Accounts, AccountDays: b.AccountDays, PostsPublished: b.Posts})
	}
	t := r.Total
	out.Totals = wire.UsageTotals{Accounts: amount(t.Cents), Numbers: zero, Calls: zero, Sms: zero, Dlc: zero, XApi: zero, Credits: zero, Other: zero, Total: amount(t.Cents),
		AccountDays: t.AccountDays, PostsPublished: t.Posts}
	if r.Tariff != nil {
		out.Currency = r.Tariff.Currency
		out.LineItems = append(out.LineItems, wire.UsageLineItem{Name: "Connected accounts", Product: "accounts", TotalUsd: amount(t.Cents), Quantity: t.AccountDays})
	}
	end := r.To.AddDate(0, 0, 1)
	out.Period.Start, out.Period.End, out.Period.Source = wire.At(&r.From), wire.At(&end), "window"
	if r.IsCycle {
		out.Period.Source = "cycle"
	}
	out.Scope.ProfileID, out.Scope.AccountID = q.ProfileID, q.AccountID
	if q.ProfileID == "" && q.AccountID == "" && !r.Restricted {
		out.Peaks = &wire.UsagePeaks{Accounts: t.Accounts}
		out.CallUsage = &wire.UsageCalls{}
	}
	if r.GroupBy != "" {
		out.Attribution = attribution(r)
	}
	return out
}

// attribution splits the whole among groups. What rounding leaves belongs to nobody.
func attribution(r usage.Report) wire.UsageAttribution {
	out := wire.UsageAttribution{GroupBy: r.GroupBy, Groups: make([]wire.UsageSlice, 0, len(r.Groups)), Restricted: r.Restricted}
	told := int64(0)
	for _, g := range r.Groups {
		told += g.Cents
		out.Groups = append(out.Groups, slice(g.Key, g.Bucket))
	}
	rest := r.Total.Cents - told
	if r.Restricted {
		rest = 0
	}
	out.Unattributed = slice("", usage.Bucket{Cents: rest})
	out.Totals = slice("", usage.Bucket{Cents: told + rest, AccountDays: r.Total.AccountDays, Posts: r.Total.Posts})
	return out
}

func slice(key string, b usage.Bucket) wire.UsageSlice {
	return wire.UsageSlice{Key: key, ByProduct: map[string]wire.Amount{"accounts": amount(b.Cents)}, TotalUsd: amount(b.Cents), AccountDays: b.AccountDays, PostsPublished: b.Posts}
}

// amount writes cents as a decimal, exactly.
func amount(cents int64) json.Number {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return json.Number(fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100))
}

func (s *Server) getBilling(w http.ResponseWriter, r *http.Request) error {
	by := principalOf(r)
	report, err := s.cfg.Usage.Report(r.Context(), by, usage.Query{Range: "cycle", Granularity: usage.InTotal})
	if err != nil {
		return err
	}
	start, end := usage.Cycle(s.cfg.Now())
	out := wire.Billing{BillingSystem: billingSystem}
	out.Plan.Name, out.Plan.IsUsageBased, out.Plan.IsPaid = planName(report.Tariff), report.Tariff != nil, report.Tariff != nil
	out.Period.Start, out.Period.End, out.Period.AnchorDay = wire.At(&start), wire.At(&end), anchorDay
	out.Status.HasAccess = true
	if t := report.Tariff; t != nil {
		out.Balance = &wire.Balance{AccruedThisPeriodCents: report.Total.Cents}
		out.Pricing = pricing(t, report, int(end.Sub(start)/(24*time.Hour)))
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

// pricing shows the tiers, and what falls into each unless the report is of a part only: bands fill up with the accounts of all.
func pricing(t *usage.Tariff, r usage.Report, days int) wire.Pricing {
	out := wire.Pricing{Currency: t.Currency, Unit: t.Unit, DaysInPeriod: days, Tiers: make([]wire.PricingTier, 0, len(t.Tiers))}
	if !r.Restricted {
		out.AccountDays = &r.Total.AccountDays
	}
	for _, b := range t.Bands(r.Total.AccountDays, days) {
		tier := wire.PricingTier{PricePerUnit: b.Text}
		if b.UpTo > 0 {
			tier.UpTo = &b.UpTo
		}
		if !r.Restricted {
			tier.AccountDays, tier.AmountCents = &b.AccountDays, &b.Cents
		}
		out.Tiers = append(out.Tiers, tier)
	}
	return out
}

func (s *Server) getXAPIPricing(w http.ResponseWriter, r *http.Request) error {
	s.write(w, r, http.StatusOK, wire.XApiPricing{Currency: "USD", Markup: "0%", Source: "This server charges nothing for calls of X's API; what X charges the operator's app is the operator's affair.",
		LastVerified: s.cfg.Now().UTC().Format(time.DateOnly), Tiers: []json.RawMessage{}, Operations: []json.RawMessage{}})
	return nil
}
