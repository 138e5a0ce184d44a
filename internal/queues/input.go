package queues

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"posthorn/internal/errs"
	"posthorn/internal/localtime"
)

const (
	maxName   = 100 // characters
	maxSlots  = 200 // of one queue
	maxQueues = 50  // of one profile
)

// Settings are what a caller says of a queue.
type Settings struct {
	ProfileID string
	Name      string // empty: as it was; a new one needs it, but for a profile's first by Update
	Timezone  string
	Slots     []Slot
	Active    bool
}

// checked are the settings in the form that is kept: trimmed, the slots in order and each once. Its errors blame the fields of the request.
func (in Settings) checked() (Settings, error) {
	in.Name = strings.TrimSpace(in.Name)
	if utf8.RuneCountInString(in.Name) > maxName {
		return in, errs.Fieldf("name", "name must have at most %d characters", maxName)
	}
	if in.Timezone == "" {
		return in, missing("timezone", "timezone is required: an IANA name such as Europe/Berlin")
	}
	if _, err := localtime.Zone(in.Timezone); err != nil {
		return in, err
	}
	switch n := len(in.Slots); {
	case n == 0:
		return in, &errs.Error{Code: errs.Invalid, Field: "slots", Rule: "queue.no_slots", Message: "slots must have at least one time of the week",
			Remedy: "To stop a queue set active to false, or delete it."}
	case n > maxSlots:
		return in, errs.Fieldf("slots", "slots has %d entries; a queue takes at most %d", n, maxSlots)
	}
	in.Slots = slices.Clone(in.Slots)
	for i, s := range in.Slots {
		if s.DayOfWeek < 0 || s.DayOfWeek > 6 {
			return in, errs.Fieldf(fmt.Sprintf("slots[%d].dayOfWeek", i), "slots[%d].dayOfWeek must be from 0, which is Sunday, to 6", i)
		}
		if _, _, ok := s.clock(); !ok {
			return in, errs.Fieldf(fmt.Sprintf("slots[%d].time", i), `slots[%d].time must be a time of the day from 00:00 to 23:59, as in "09:30"`, i)
		}
	}
	slices.SortFunc(in.Slots, func(a, b Slot) int {
		return cmp.Or(cmp.Compare(a.DayOfWeek, b.DayOfWeek), cmp.Compare(a.Time, b.Time))
	})
	in.Slots = slices.Compact(in.Slots)
	return in, nil
}

func missing(field, message string) error {
	return &errs.Error{Code: errs.Invalid, Wire: "missing_required_field", Field: field, Message: message}
}

func notFound(field string) error {
	return &errs.Error{Code: errs.NotFound, Field: field, Rule: "queue.unknown", Message: "Queue not found"}
}

func noQueue() error {
	return &errs.Error{Code: errs.NotFound, Rule: "queue.none", Message: "The profile has no queue", Remedy: "Make one with POST /v1/queue/slots."}
}

// NoFreeSlot is the error for a queue in which every slot of the next two years is taken.
func NoFreeSlot() error {
	return &errs.Error{Code: errs.NotFound, Rule: "queue.full", Message: "The queue has no free slot within two years", Remedy: "Add slots to the queue, or use another one."}
}

// Usable is an error unless the queue hands out slots.
func (q Queue) Usable() error {
	if q.Active {
		return nil
	}
	return &errs.Error{Code: errs.Invalid, Rule: "queue.inactive", Message: "The queue is inactive", Remedy: "Set active to true, or use another queue."}
}
