package jobs

import (
	"math/rand/v2"
	"slices"
	"sync"

	"posthorn/internal/posts"
)

// slots are the places for steps in one process. No owner and no platform can have them all, so that whoever comes next finds one free
// however much others have waiting and however slow a platform is.
type slots struct {
	all     int
	ofOwner int // the most that one owner may have
	ofHost  int // the most that one platform may have

	mu        sync.Mutex
	taken     int
	owners    map[string]int
	platforms map[string]int
}

func newSlots(n int) *slots {
	return &slots{all: n, ofOwner: max(1, n*7/8), ofHost: max(1, n*3/4), owners: map[string]int{}, platforms: map[string]int{}}
}

// free is how many are free.
func (s *slots) free() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all - s.taken
}

func (s *slots) take(l posts.Lane) { s.count(l, 1) }

func (s *slots) give(l posts.Lane) { s.count(l, -1) }

func (s *slots) count(l posts.Lane, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken += n
	for key, counts := range map[string]map[string]int{l.OwnerID: s.owners, l.Platform: s.platforms} {
		if counts[key] += n; counts[key] == 0 {
			delete(counts, key)
		}
	}
}

// share divides the free slots among lanes with work, one after the other in turns, beginning anywhere. A lane's N is how many it can use;
// zero: any number.
func (s *slots) share(lanes []posts.Share) (shares []posts.Share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	type lane struct {
		posts.Share
		got int
	}
	open := make([]*lane, len(lanes))
	for i, l := range lanes {
		open[i] = &lane{Share: l}
	}
	rand.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
	owners, hosts := map[string]int{}, map[string]int{}
	all := slices.Clone(open)
	for left := s.all - s.taken; left > 0 && len(open) > 0; {
		still := open[:0]
		for _, l := range open {
			o, h := s.owners[l.OwnerID]+owners[l.OwnerID], s.platforms[l.Platform]+hosts[l.Platform]
			if left == 0 || o >= s.ofOwner || h >= s.ofHost {
				continue
			}
			l.got++
			left--
			owners[l.OwnerID]++
			hosts[l.Platform]++
			if l.N == 0 || l.got < l.N {
				still = append(still, l)
			}
		}
		open = still
	}
	for _, l := range all {
		if l.got > 0 {
			shares = append(shares, posts.Share{Lane: l.Lane, N: l.got})
		}
	}
	return shares
}
