package blueskyfake

// defaultImageLimit is what an image in a post may have, in bytes, since April 2026; older schemas say 1,000,000.
const defaultImageLimit = 2_000_000

// thumbLimit is what the picture of a link card may have, in bytes.
const thumbLimit = 1_000_000

// lexicon is the schema of a record type.
type lexicon struct {
	key  string // "tid", or the only key that is allowed
	body checker
}

// lexiconsFor are the record types that the account host knows, https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky.
// It stores others unchecked.
func lexiconsFor(imageLimit int) map[string]lexicon {
	created := field{"createdAt", true, isDatetime}
	subject := field{"subject", true, strongRef}
	labels := field{"labels", false, union(map[string]checker{"com.atproto.label.defs#selfLabels": object(
		field{"values", true, list(10, object(field{"val", true, text(128, 0)}))},
	)})}
	post := object(
		field{"text", true, text(3000, 300)},
		field{"facets", false, list(0, facet)},
		field{"reply", false, object(field{"root", true, strongRef}, field{"parent", true, strongRef})},
		field{"embed", false, embeds(imageLimit)},
		field{"langs", false, list(3, isLanguage)},
		labels,
		field{"tags", false, list(8, text(640, 64))},
		created,
	)
	profile := object(
		field{"displayName", false, text(640, 64)},
		field{"description", false, text(2560, 256)},
		field{"avatar", false, upload("image/*", 1_000_000)},
		field{"banner", false, upload("image/*", 1_000_000)},
		labels,
		field{"createdAt", false, isDatetime},
	)
	return map[string]lexicon{
		"app.bsky.feed.post":     {"tid", post},
		"app.bsky.feed.like":     {"tid", object(subject, created)},
		"app.bsky.feed.repost":   {"tid", object(subject, created)},
		"app.bsky.actor.profile": {"self", profile},
		"app.bsky.graph.follow":  {"tid", object(field{"subject", true, isDID}, created)},
		"app.bsky.feed.threadgate": {"tid", object(
			field{"post", true, isATURI},
			field{"allow", false, list(5, union(map[string]checker{
				"app.bsky.feed.threadgate#listRule": object(field{"list", true, isATURI}),
			}))},
			created,
			field{"hiddenReplies", false, list(300, isATURI)},
		)},
		"app.bsky.feed.postgate": {"tid", object(
			created,
			field{"post", true, isATURI},
			field{"detachedEmbeddingUris", false, list(50, isATURI)},
			field{"embeddingRules", false, list(5, union(nil))},
		)},
	}
}

var strongRef = object(field{"uri", true, isATURI}, field{"cid", true, isCID})

// facet marks a part of the text. Whether its offsets lie within the text, or even in order, is not looked at: clients leave out such marks.
var facet = object(
	field{"index", true, object(field{"byteStart", true, integer(0)}, field{"byteEnd", true, integer(0)})},
	field{"features", true, list(0, union(map[string]checker{
		"app.bsky.richtext.facet#mention": object(field{"did", true, isDID}),
		"app.bsky.richtext.facet#link":    object(field{"uri", true, isURI}),
		"app.bsky.richtext.facet#tag":     object(field{"tag", true, text(640, 64)}),
	}))},
)

// embeds is what a post may carry besides its text.
func embeds(imageLimit int) checker {
	ratio := field{"aspectRatio", false, object(field{"width", true, integer(1)}, field{"height", true, integer(1)})}
	ratioNeeded := field{"aspectRatio", true, ratio.is}
	image := field{"image", true, upload("image/*", imageLimit)}
	alt := field{"alt", true, text(0, 0)}
	images := object(field{"images", true, list(4, object(image, alt, ratio))})
	gallery := object(field{"items", true, list(20, union(map[string]checker{
		"app.bsky.embed.gallery#image": object(image, alt, ratioNeeded),
	}))})
	video := object(
		field{"video", true, upload("video/mp4", videoMaxSize)},
		field{"captions", false, list(20, object(field{"lang", true, isLanguage}, field{"file", true, upload("text/vtt", 20_000)}))},
		field{"alt", false, text(10_000, 1000)},
		ratio,
		field{"presentation", false, text(0, 0)},
	)
	external := object(field{"external", true, object(
		field{"uri", true, isURI},
		field{"title", true, text(0, 0)},
		field{"description", true, text(0, 0)},
		field{"thumb", false, upload("image/*", thumbLimit)},
	)})
	record := object(field{"record", true, strongRef})
	media := map[string]checker{
		"app.bsky.embed.images":   images,
		"app.bsky.embed.gallery":  gallery,
		"app.bsky.embed.video":    video,
		"app.bsky.embed.external": external,
	}
	all := map[string]checker{
		"app.bsky.embed.record": record,
		"app.bsky.embed.recordWithMedia": object(
			field{"record", true, record},
			field{"media", true, union(media)},
		),
	}
	for name, c := range media {
		all[name] = c
	}
	return union(all)
}
