package posts

import "testing"

func TestRollup(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   []Status
		want Status
	}{
		{nil, Cancelled},
		{[]Status{Pending}, Scheduled},
		{[]Status{Pending, Pending}, Scheduled},
		{[]Status{Pending, Processing}, Publishing},
		{[]Status{Published, Pending}, Publishing},
		{[]Status{Failed, Uploading}, Publishing},
		{[]Status{Published, Published}, Published},
		{[]Status{Published, Failed}, Partial},
		{[]Status{Published, Cancelled}, Partial},
		{[]Status{Failed, Failed}, Failed},
		{[]Status{Failed, Cancelled}, Cancelled},
		{[]Status{Cancelled, Cancelled}, Cancelled},
	}
	for _, tt := range tests {
		if got := Rollup(tt.in); got != tt.want {
			t.Errorf("Rollup(%v) = %s, want %s", tt.in, got, tt.want)
		}
	}
}
