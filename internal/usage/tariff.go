package usage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"regexp"
	"strings"
)

// Tier is one band of a graduated tariff: the accounts above the band before, up to and including UpTo.
type Tier struct {
	UpTo  int      // zero: no end
	Price *big.Rat // of one account for one month, in the tariff's currency
	Text  string   // the price as it was written
}

// Tariff says what connected accounts cost. Each account is charged by the band it falls into, as with an income tax.
type Tariff struct {
	Plan     string
	Currency string // ISO 4217
	Unit     string
	Tiers    []Tier
}

// defaultUnit is what a tier's price is for.
const defaultUnit = "connected account per month"

const maxTiers = 50

// price is a decimal that is not negative, with at most six digits after the point.
var (
	price    = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,6})?$`)
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
)

// LoadTariff reads a tariff from a JSON file. Its error names the file and the fault.
func LoadTariff(path string) (*Tariff, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the pricing file cannot be read: %w", err)
	}
	t, err := ParseTariff(raw)
	if err != nil {
		return nil, fmt.Errorf("the pricing file %s: %w", path, err)
	}
	return t, nil
}

// ParseTariff reads a tariff: {"plan", "currency", "unit", "tiers": [{"upTo", "pricePerUnit"}]}. Tiers rise, and the last has no upTo.
func ParseTariff(raw []byte) (*Tariff, error) {
	var in struct {
		Plan     string `json:"plan"`
		Currency string `json:"currency"`
		Unit     string `json:"unit"`
		Tiers    []struct {
			UpTo  *int            `json:"upTo"`
			Price json.RawMessage `json:"pricePerUnit"`
		} `json:"tiers"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return nil, fmt.Errorf("it is not the JSON that is expected: %w", err)
	}
	if dec.More() {
		return nil, fmt.Errorf("there is more after the end of the JSON object")
	}
	t := &Tariff{Plan: in.Plan, Currency: in.Currency, Unit: in.Unit}
	if t.Plan == "" {
		t.Plan = "usage"
	}
	if t.Unit == "" {
		t.Unit = defaultUnit
	}
	switch {
	case !currency.MatchString(t.Currency):
		return nil, fmt.Errorf("currency %q is not a code of three capital letters such as EUR", t.Currency)
	case t.Unit != defaultUnit:
		return nil, fmt.Errorf("unit %q is not known; it is %q", t.Unit, defaultUnit)
	case len(in.Tiers) == 0 || len(in.Tiers) > maxTiers:
		return nil, fmt.Errorf("tiers must have 1 to %d entries, it has %d", maxTiers, len(in.Tiers))
	}
	below := 0
	for i, tier := range in.Tiers {
		last := i == len(in.Tiers)-1
		out := Tier{Text: strings.Trim(string(tier.Price), `"`)} // a string or a number; both are read as decimals, never as floats
		if !price.MatchString(out.Text) {
			return nil, fmt.Errorf("tiers[%d].pricePerUnit %s is not an amount such as \"1.50\": digits, and at most six of them after the point", i, tier.Price)
		}
		out.Price, _ = new(big.Rat).SetString(out.Text)
		switch {
		case last && tier.UpTo != nil:
			return nil, fmt.Errorf("tiers[%d] is the last and must have no upTo: it holds for all accounts above", i)
		case !last && tier.UpTo == nil:
			return nil, fmt.Errorf("tiers[%d].upTo is missing: only the last tier has none", i)
		case !last && *tier.UpTo <= below:
			return nil, fmt.Errorf("tiers[%d].upTo %d is not above %d: tiers must rise", i, *tier.UpTo, below)
		case !last:
			out.UpTo, below = *tier.UpTo, *tier.UpTo
		}
		t.Tiers = append(t.Tiers, out)
	}
	return t, nil
}

// Band is what falls into one tier.
type Band struct {
	Tier
	AccountDays int
	Cents       int64
}

// cost is what account-days cost in a month of so many days, exactly: an account that was connected for the whole month has as many.
func (t *Tariff) cost(accountDays, daysInMonth int) *big.Rat {
	sum := new(big.Rat)
	for _, b := range t.bands(accountDays, daysInMonth) {
		sum.Add(sum, b.exact(daysInMonth))
	}
	return sum
}

// bands divides account-days among the tiers.
func (t *Tariff) bands(accountDays, daysInMonth int) []Band {
	list := make([]Band, len(t.Tiers))
	below := 0
	for i, tier := range t.Tiers {
		in := max(0, accountDays-below)
		if tier.UpTo > 0 {
			in = min(in, tier.UpTo*daysInMonth-below)
			below = tier.UpTo * daysInMonth
		}
		list[i] = Band{Tier: tier, AccountDays: in}
	}
	return list
}

func (b Band) exact(daysInMonth int) *big.Rat {
	return new(big.Rat).Mul(b.Price, big.NewRat(int64(b.AccountDays), int64(daysInMonth)))
}

// Bands tells how account-days of a month are charged. The amounts are rounded one after the other so that their sum is that of the whole.
func (t *Tariff) Bands(accountDays, daysInMonth int) []Band {
	list := t.bands(accountDays, daysInMonth)
	run, told := new(big.Rat), int64(0)
	for i := range list {
		run.Add(run, list[i].exact(daysInMonth))
		list[i].Cents = cents(run) - told
		told += list[i].Cents
	}
	return list
}

// cents rounds an amount to hundredths, half of one up.
func cents(amount *big.Rat) int64 {
	r := new(big.Rat).Mul(amount, big.NewRat(100, 1))
	twice := new(big.Int).Mul(r.Num(), big.NewInt(2))
	return new(big.Int).Div(twice.Add(twice, r.Denom()), new(big.Int).Mul(r.Denom(), big.NewInt(2))).Int64()
}
