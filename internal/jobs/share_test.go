package jobs

import (
	"fmt"
	"testing"

	"posthorn/internal/posts"
)

func lane(owner, platform string, n int) posts.Share {
	return posts.Share{Lane: posts.Lane{OwnerID: owner, Platform: platform}, N: n}
}

func shared(list []posts.Share) map[string]int {
	got := map[string]int{}
	for _, s := range list {
		got[s.OwnerID+"@"+s.Platform] = s.N
	}
	return got
}

func TestShare(t *testing.T) {
	t.Parallel()
	busy := func(s *slots, owner, platform string, n int) *slots {
		for range n {
			s.take(posts.Lane{OwnerID: owner, Platform: platform})
		}
		return s
	}
	for _, tt := range []struct {
		name  string
		slots *slots
		lanes []posts.Share
		want  map[string]int
	}{
		{"nothing to do", newSlots(16), nil, map[string]int{}},
		{"all of a little", newSlots(16), []posts.Share{lane("a", "x", 3), lane("b", "x", 2)}, map[string]int{"a@x": 3, "b@x": 2}},
		{"a platform leaves room for others", newSlots(16), []posts.Share{lane("a", "x", 50_000)}, map[string]int{"a@x": 12}},
		{"an owner leaves room for others", newSlots(16), []posts.Share{lane("a", "x", 0), lane("a", "y", 0)}, map[string]int{"a@x": 7, "a@y": 7}},
		{"a single post beside many", newSlots(16), []posts.Share{lane("a", "x", 50_000), lane("b", "x", 1)}, map[string]int{"a@x": 11, "b@x": 1}},
		{"the last places", busy(newSlots(16), "a", "x", 12), []posts.Share{lane("a", "x", 9), lane("b", "y", 9)}, map[string]int{"b@y": 4}},
		{"none is free", busy(newSlots(2), "a", "x", 2), []posts.Share{lane("b", "y", 9)}, map[string]int{}},
		{"one place", newSlots(1), []posts.Share{lane("b", "y", 9)}, map[string]int{"b@y": 1}},
	} {
		if got := shared(tt.slots.share(tt.lanes)); fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestShareTakesTurns: with more lanes than slots, each has its turn.
func TestShareTakesTurns(t *testing.T) {
	t.Parallel()
	s := newSlots(8)
	var lanes []posts.Share
	for i := range 100 {
		lanes = append(lanes, lane(fmt.Sprint(i), fmt.Sprint("p", i%10), 0))
	}
	got := map[string]int{}
	for range 400 {
		for k, n := range shared(s.share(lanes)) {
			got[k] += n
		}
	}
	if len(got) != 100 {
		t.Errorf("only %d of 100 lanes had a turn", len(got))
	}
}

func TestSlotsAreGivenBack(t *testing.T) {
	t.Parallel()
	s := newSlots(3)
	l := posts.Lane{OwnerID: "a", Platform: "x"}
	s.take(l)
	s.take(l)
	s.give(l)
	s.give(l)
	if s.free() != 3 || len(s.owners)+len(s.platforms) != 0 {
		t.Errorf("left: %+v", s)
	}
}
