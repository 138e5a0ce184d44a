package platforms

import "testing"

func TestDecodeOptions(t *testing.T) {
	t.Parallel()
	type options struct {
		Share  *bool    `json:"shareToFeed"`
		Offset int      `json:"thumbOffset"`
		Names  []string `json:"collaborators"`
	}
	tests := []struct {
		in, field string
	}{
		{"", ""},
		{"null", ""},
		{`{"shareToFeed":true,"later":1}`, ""},
		{`{"shareToFeed":"yes"}`, "platformSpecificData.shareToFeed"},
		{`{"thumbOffset":1.5}`, "platformSpecificData.thumbOffset"},
		{`{"collaborators":"a"}`, "platformSpecificData.collaborators"},
		{`[]`, "platformSpecificData"},
	}
	for _, tt := range tests {
		_, problems := DecodeOptions[options]([]byte(tt.in))
		switch {
		case tt.field == "" && len(problems) > 0:
			t.Errorf("%s: %v", tt.in, problems)
		case tt.field != "" && (len(problems) != 1 || problems[0].Field != tt.field):
			t.Errorf("%s: %v, want one problem at %s", tt.in, problems, tt.field)
		}
	}
}
