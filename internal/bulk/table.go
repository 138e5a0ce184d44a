package bulk

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"posthorn/internal/errs"
)

// The names of the columns.
const (
	colPlatforms = "platforms"
	colProfiles  = "profiles"
	colTime      = "schedule_time"
	colNow       = "publish_now"
	colQueue     = "use_queue"
	colDraft     = "is_draft"
	colContent   = "post_content"
	colTitle     = "title"
	colMedia     = "media_urls"
	colZone      = "tz"

	// followed by an underscore and a platform's name
	colCustomContent = "custom_content"
	colCustomMedia   = "custom_media"
)

var columns = []string{colPlatforms, colProfiles, colTime, colNow, colQueue, colDraft, colContent, colTitle, colMedia, colZone}

// aliases are other names of columns, in lower case. The column itself goes before them where it is not blank.
var aliases = map[string]string{"content": colContent, "timezone": colZone, "scheduledfor": colTime, "mediaurls": colMedia}

const (
	maxRows      = 5000
	advisoryRows = 500 // more than these are worth a warning
)

// table is a CSV file that was read.
type table struct {
	at      map[string][]int // where a column's cells are, the column itself first
	width   int
	unknown []string // names of columns that nothing is read from
	records [][]string
}

// readTable reads a CSV file: UTF-8, with or without a byte order mark, separated by commas, semicolons or tabs, in the quotes of RFC 4180. Its
// first row names the columns. Rows of blank cells are left out.
func readTable(file []byte, platforms []string) (*table, error) {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	switch {
	case len(bytes.TrimSpace(file)) == 0:
		return nil, refuse("The file is empty")
	case !utf8.Valid(file):
		return nil, refuse("The file is not a CSV file in UTF-8; spreadsheets offer that as \"CSV UTF-8\"")
	case bytes.IndexByte(file, 0) >= 0:
		return nil, refuse("The file contains NUL characters, so it is not a CSV file")
	}
	separator, header, err := headerOf(file)
	if err != nil {
		return nil, err
	}
	t := &table{at: map[string][]int{}, width: len(header)}
	if err := t.name(header, platforms); err != nil {
		return nil, err
	}
	r := reader(file, separator)
	if _, err := r.Read(); err != nil {
		return nil, unreadable(err)
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, unreadable(err)
		}
		if blank(record) {
			continue
		}
		if t.records = append(t.records, record); len(t.records) > maxRows {
			return nil, refuse("The file has more than %d rows; split it", maxRows)
		}
	}
	if len(t.records) == 0 {
		return nil, refuse("The file has a header and no rows")
	}
	return t, nil
}

func reader(file []byte, separator rune) *csv.Reader {
	r := csv.NewReader(bytes.NewReader(file))
	r.Comma, r.FieldsPerRecord = separator, -1
	return r
}

// headerOf finds the separator: the one by which the first row names the columns that every file has.
func headerOf(file []byte) (separator rune, header []string, err error) {
	var first error
	for _, separator := range []rune{',', ';', '\t'} {
		header, err := reader(file, separator).Read()
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		names := make([]string, len(header))
		for i, name := range header {
			names[i] = canonical(name)
		}
		if slices.Contains(names, colPlatforms) && slices.Contains(names, colProfiles) {
			return separator, header, nil
		}
	}
	if first != nil {
		return 0, nil, unreadable(first)
	}
	return 0, nil, refuse("The first row must name the columns, among them %s and %s", colPlatforms, colProfiles)
}

// name takes down where each column is.
func (t *table) name(header, platforms []string) error {
	for i, told := range header {
		name := canonical(told)
		if name == "" {
			continue
		}
		if of, ok := aliases[name]; ok {
			t.at[of] = append(t.at[of], i)
			continue
		}
		if !slices.Contains(columns, name) && !perPlatform(name, platforms) {
			t.unknown = append(t.unknown, clip(strings.TrimSpace(told)))
			continue
		}
		if len(t.at[name]) > 0 && canonical(header[t.at[name][0]]) == name {
			return refuse("The first row names the column %s twice", name)
		}
		t.at[name] = slices.Insert(t.at[name], 0, i)
	}
	return nil
}

func canonical(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// perPlatform reports whether a column is that of one platform.
func perPlatform(name string, platforms []string) bool {
	for _, prefix := range []string{colTime, colCustomContent, colCustomMedia} {
		if platform, ok := strings.CutPrefix(name, prefix+"_"); ok && slices.Contains(platforms, platform) {
			return true
		}
	}
	return false
}

// cell is a record's value in a column, without white space around it; empty when there is none.
func (t *table) cell(record []string, column string) string {
	for _, i := range t.at[column] {
		if i < len(record) {
			if value := strings.TrimSpace(record[i]); value != "" {
				return value
			}
		}
	}
	return ""
}

// overflows reports whether a record has cells that no column names, as when a text with separators is not in quotes.
func (t *table) overflows(record []string) bool {
	return len(record) > t.width && !blank(record[t.width:])
}

func blank(record []string) bool {
	return !slices.ContainsFunc(record, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

func refuse(format string, args ...any) error {
	e := errs.Fieldf("file", format, args...)
	e.Rule = "bulk.file"
	return e
}

func unreadable(err error) error {
	e := errs.Fieldf("file", "The file is not a CSV file: %s", err)
	e.Rule, e.Err = "bulk.file", err
	return e
}

// clip shortens what is shown back.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
