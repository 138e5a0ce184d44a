package http

import (
	"net/http"

	"posthorn/internal/http/wire"
)

// tiktokHandlers tell what accounts at TikTok may publish.
func (s *Server) tiktokHandlers() map[string]handler {
	return map[string]handler{"getTikTokCreatorInfo": s.tiktokCreatorInfo}
}

func (s *Server) tiktokCreatorInfo(w http.ResponseWriter, r *http.Request) error {
	c, err := s.cfg.Posts.Creator(r.Context(), principalOf(r), "tiktok", pathParam(r, "accountId"))
	if err != nil {
		return err
	}
	toggle := func(enabled bool, label string) wire.TikTokInteraction {
		return wire.TikTokInteraction{Enabled: enabled && c.MayPost, Required: true, Label: label}
	}
	out := wire.TikTokCreatorInfo{Creator: wire.TikTokCreator{Nickname: c.Name, AvatarURL: c.PictureURL, CanPostMore: c.MayPost}, PrivacyLevels: []wire.LabelledValue{},
		PostingLimits: wire.TikTokPostingLimits{MaxVideoDurationSec: int(c.MaxVideo.Seconds()), InteractionSettings: wire.TikTokInteractions{AllowComment: toggle(c.Comment, "Allow comments")}},
		CommercialContentTypes: []wire.TikTokCommercialType{
			{Value: "none", Label: "No commercial content", Requires: []string{}},
			{Value: "brand_organic", Label: "Your brand", Requires: []string{"isBrandOrganicPost"}},
			{Value: "brand_content", Label: "Branded content", Requires: []string{"brandPartnerPromote"}},
		}}
	if r.URL.Query().Get("mediaType") != "photo" {
		duet, stitch := toggle(c.Duet, "Allow duets"), toggle(c.Stitch, "Allow stitches")
		out.PostingLimits.InteractionSettings.AllowDuet, out.PostingLimits.InteractionSettings.AllowStitch = &duet, &stitch
	}
	for _, p := range c.Privacy {
		out.PrivacyLevels = append(out.PrivacyLevels, wire.LabelledValue{Value: p.Value, Label: p.Label})
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}
