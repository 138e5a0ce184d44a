package http

import (
	"encoding/json"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/posts"
)

// recyclingChange reads what a request says of a post's recycling; nil when it says nothing. The limits that a request can clear tell null
// apart from absence.
func recyclingChange(raw json.RawMessage) (*posts.RecyclingChange, error) {
	if object(raw) == nil {
		return nil, nil
	}
	var in struct {
		Enabled           *bool           `json:"enabled"`
		Gap               *int            `json:"gap"`
		GapFreq           string          `json:"gapFreq"`
		StartDate         string          `json:"startDate"`
		ExpireCount       json.RawMessage `json:"expireCount"`
		ExpireDate        json.RawMessage `json:"expireDate"`
		ContentVariations *[]string       `json:"contentVariations"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, unreadable(err)
	}
	c := &posts.RecyclingChange{Enabled: in.Enabled, Gap: in.Gap, Unit: in.GapFreq, Start: in.StartDate, Variations: in.ContentVariations}
	if in.ExpireCount != nil {
		c.ExpireCount = new(int) // null leaves zero
		if err := json.Unmarshal(in.ExpireCount, c.ExpireCount); err != nil {
			return nil, unreadable(err)
		}
	}
	if in.ExpireDate != nil {
		c.ExpireDate = new(string)
		if err := json.Unmarshal(in.ExpireDate, c.ExpireDate); err != nil {
			return nil, unreadable(err)
		}
	}
	return c, nil
}

// unreadable is for what fits the schema and not the field, such as a whole number that is written as a fraction.
func unreadable(err error) error {
	return &errs.Error{Code: errs.Invalid, Field: "recycling", Message: "recycling cannot be read", Err: err}
}

// recycling renders the recycling of a post; the zero one when it has none.
func recycling(p posts.Post) wire.Recycling {
	r := p.Recycling
	if r == nil {
		return wire.Recycling{}
	}
	out := wire.Recycling{Enabled: r.Enabled && (r.NextAt != nil || p.Status == posts.Draft), Gap: r.Gap, GapFreq: r.Unit, StartDate: wire.At(r.Start), ExpireCount: r.ExpireCount,
		ExpireDate: wire.At(r.ExpireDate), ContentVariations: list(r.Variations), ContentVariationIndex: r.Index, RecycleCount: r.Count,
		NextRecycleAt: wire.At(r.NextAt), LastRecycledAt: wire.At(r.LastAt)}
	if r.Start == nil {
		out.StartDate = wire.At(p.ScheduledFor)
	}
	return out
}
