package platforms

import "encoding/json"

// OptionsOf reads the options of a target that is being published. What is wrong with them ends the target, as Check ends a request.
func OptionsOf[T any](platform string, c Content) (T, error) {
	opts, problems := DecodeOptions[T](c.Options)
	if len(problems) > 0 {
		p := problems[0]
		return opts, &Error{Kind: Rejected, Rule: platform + "." + p.Rule, Field: p.Field, Message: p.Message, Remediation: p.Remediation}
	}
	return opts, nil
}

// Load reads what the adapter remembers. At the first step that is nothing, and into stays as it is.
func (s State) Load(into any) error {
	if len(s.Data) == 0 {
		return nil
	}
	if err := json.Unmarshal(s.Data, into); err != nil {
		return &Error{Kind: Unavailable, Message: "the saved state of this post cannot be read", Err: err}
	}
	return nil
}

// Remember is the State of a step, with what the adapter is to know then.
func Remember(step string, data any) (State, error) {
	b, err := json.Marshal(data)
	if err != nil {
		return State{}, &Error{Kind: Unavailable, Message: "the state of this post cannot be saved", Err: err}
	}
	return State{Step: step, Data: b}, nil
}

// Renewing is a token that a platform gave in place of an old one: what it does not name stays as it was.
func (t Token) Renewing(old Token) Token {
	if t.Refresh.IsZero() {
		t.Refresh = old.Refresh
	}
	if len(t.Scopes) == 0 {
		t.Scopes = old.Scopes
	}
	return t
}

// Shorten bounds a platform's own words.
func Shorten(s string) string {
	const most = 500
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
