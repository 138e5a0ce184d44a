package tiktok

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"posthorn/internal/platforms"
)

// Options are what a target may say for TikTok alone [platformSpecificData]. They may also stand in its tiktokSettings, and be spelled with underscores.
type Options struct {
	Draft                   bool           `json:"draft,omitempty"`                   // to the creator's inbox, to be published in the app; of a video TikTok keeps no text
	PrivacyLevel            Privacy        `json:"privacyLevel,omitempty"`            // who sees it, one of what GET /v1/accounts/{accountId}/tiktok/creator-info lists; required unless it is a draft
	AllowComment            *bool          `json:"allowComment,omitempty"`            // required unless it is a draft
	AllowDuet               *bool          `json:"allowDuet,omitempty"`               // required for a video unless it is a draft; photos have none
	AllowStitch             *bool          `json:"allowStitch,omitempty"`             // required for a video unless it is a draft; photos have none
	CommercialContentType   CommercialType `json:"commercialContentType,omitempty"`   // "none", "brand_organic" (promotes the creator's own business) or "brand_content" (paid by another)
	BrandPartnerPromote     bool           `json:"brandPartnerPromote,omitempty"`     // the same as "brand_content"; both may be set
	IsBrandOrganicPost      bool           `json:"isBrandOrganicPost,omitempty"`      // the same as "brand_organic"
	ContentPreviewConfirmed bool           `json:"contentPreviewConfirmed,omitempty"` // the creator has seen what will be published; required unless it is a draft
	ExpressConsentGiven     bool           `json:"expressConsentGiven,omitempty"`     // the creator has agreed to it, and to TikTok's Music Usage Confirmation; required unless it is a draft
	MediaType               string         `json:"mediaType,omitempty"`               // "video" or "photo"; told by the media when missing
	VideoCoverTimestampMs   *int           `json:"videoCoverTimestampMs,omitempty"`   // the moment of the video that is its cover; 1000 when missing
	PhotoCoverIndex         int            `json:"photoCoverIndex,omitempty"`         // which photo is the cover, from 0
	AutoAddMusic            bool           `json:"autoAddMusic,omitempty"`            // of photos: TikTok adds music
	VideoMadeWithAI         bool           `json:"videoMadeWithAi,omitempty"`         // labels the post as made with AI
	Description             string         `json:"description,omitempty"`             // of photos: the text below the title, up to 4000; the post's text is then the title

	VideoCoverImageURL       *json.RawMessage `json:"videoCoverImageUrl,omitempty"`       // not offered
	MusicSoundInfo           *json.RawMessage `json:"musicSoundInfo,omitempty"`           // not offered
	VideoOriginalSoundVolume *json.RawMessage `json:"videoOriginalSoundVolume,omitempty"` // not offered
	LocationID               *json.RawMessage `json:"locationId,omitempty"`               // not offered
	LocationName             *json.RawMessage `json:"locationName,omitempty"`             // not offered
	IsAdsOnly                *bool            `json:"isAdsOnly,omitempty"`                // not offered
}

// Privacy says who sees a post.
type Privacy string

// The privacy levels. https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info
const (
	public  Privacy = "PUBLIC_TO_EVERYONE"
	friends Privacy = "MUTUAL_FOLLOW_FRIENDS"
	follow  Privacy = "FOLLOWER_OF_CREATOR"
	alone   Privacy = "SELF_ONLY"
)

var privacies = []Privacy{public, friends, follow, alone}

// CommercialType says whose business a post promotes.
type CommercialType string

const (
	promotesNothing CommercialType = "none"
	promotesOwn     CommercialType = "brand_organic"
	promotesOther   CommercialType = "brand_content"
)

// disclosures are what is told of a post that promotes something.
func (o Options) disclosures() (branded, organic bool) {
	return o.BrandPartnerPromote || o.CommercialContentType == promotesOther, o.IsBrandOrganicPost || o.CommercialContentType == promotesOwn
}

func allowed(b *bool) bool { return b != nil && *b }

// settings is where options may stand as well; they count for more there.
const settings = "tiktokSettings"

// UnmarshalJSON reads options in any of their places and spellings.
func (o *Options) UnmarshalJSON(raw []byte) error {
	type plain Options // without this method
	all, err := spelled(raw)
	if err != nil {
		return err
	}
	if nested, ok := all[settings]; ok && string(bytes.TrimSpace(nested)) != "null" {
		own, err := spelled(nested)
		if err != nil {
			return &json.UnmarshalTypeError{Value: valueName(nested), Type: typeOfSettings, Field: settings}
		}
		for name, v := range own {
			all[name] = v
		}
	}
	delete(all, settings)
	merged, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return json.Unmarshal(merged, (*plain)(o))
}

// spelled reads an object whose names may have underscores.
func spelled(raw []byte) (map[string]json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	for name, v := range all {
		if other := camel(name); other != name {
			delete(all, name)
			if _, both := all[other]; !both {
				all[other] = v
			}
		}
	}
	return all, nil
}

// camel writes privacy_level as privacyLevel.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for i, p := range parts[1:] {
		if r := []rune(p); len(r) > 0 {
			r[0] = unicode.ToUpper(r[0])
			parts[i+1] = string(r)
		}
	}
	return strings.Join(parts, "")
}

func valueName(raw []byte) string {
	switch raw = bytes.TrimSpace(raw); raw[0] {
	case '"':
		return "string"
	case '[':
		return "array"
	case 't', 'f':
		return "bool"
	}
	return "number"
}

// kindOf names the kind of post that a content is meant to be.
func kindOf(c platforms.Content) string {
	if len(c.Media) == 0 {
		if opts, problems := platforms.DecodeOptions[Options](c.Options); len(problems) == 0 && opts.MediaType == "photo" {
			return kindImages
		}
		return kindVideo
	}
	if slices.ContainsFunc(c.Media, func(m platforms.Media) bool { return m.Type == platforms.Video }) {
		return kindVideo
	}
	return kindImages
}
