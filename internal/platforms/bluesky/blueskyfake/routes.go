package blueskyfake

// service is what a host offers.
type service struct {
	methods map[string]method
	limited bool // counts requests by address; the read and video services publish no figures
}

var services = map[string]service{
	entrywayHost: {methods: pdsMethods, limited: true},
	pdsHost:      {methods: pdsMethods, limited: true},
	publicHost:   {methods: appViewMethods},
	appViewHost:  {methods: appViewMethods},
	videoHost:    {methods: videoMethods},
}

// reads are open to all, on account hosts and at the read service.
var reads = map[string]method{
	"com.atproto.identity.resolveHandle": {run: resolveHandle},
	"com.atproto.repo.getRecord":         {run: getRecord},
	"com.atproto.repo.listRecords":       {run: listRecords},
	"com.atproto.repo.describeRepo":      {run: describeRepo},
	"com.atproto.sync.getBlob":           {run: getBlob},
}

// views are the read service's own.
var views = map[string]method{
	"app.bsky.feed.getPosts":      {run: getPosts},
	"app.bsky.feed.getPostThread": {run: getPostThread},
	"app.bsky.feed.getAuthorFeed": {run: getAuthorFeed},
	"app.bsky.actor.getProfile":   {run: getProfile},
	"app.bsky.actor.getProfiles":  {run: getProfiles},
}

// pdsMethods are those of an account host and of the entryway, which passes everything on to the account's host.
var pdsMethods = joined(reads, asUser(views), map[string]method{
	"com.atproto.server.describeServer": {run: describeServer},
	"com.atproto.server.createSession":  {procedure: true, body: jsonLimit, run: createSession},
	"com.atproto.server.refreshSession": {procedure: true, needs: byRefreshToken, run: refreshSession},
	"com.atproto.server.deleteSession":  {procedure: true, needs: byRefreshTokenEvenExpired, run: deleteSession},
	"com.atproto.server.getSession":     {needs: byAccessToken, run: getSession},
	"com.atproto.server.getServiceAuth": {needs: byAccessToken, run: getServiceAuth},
	"com.atproto.repo.createRecord":     {procedure: true, needs: byAccessToken, body: writeLimit, run: createRecord},
	"com.atproto.repo.putRecord":        {procedure: true, needs: byAccessToken, body: writeLimit, run: putRecord},
	"com.atproto.repo.deleteRecord":     {procedure: true, needs: byAccessToken, body: writeLimit, run: deleteRecord},
	"com.atproto.repo.applyWrites":      {procedure: true, needs: byAccessToken, body: writeLimit, run: applyWrites},
	"com.atproto.repo.uploadBlob":       {procedure: true, needs: byAccessToken, body: blobUploadSize, raw: true, run: uploadBlob},
})

// appViewMethods are those of the public read service.
var appViewMethods = joined(reads, views)

// videoMethods are those of the video service.
var videoMethods = map[string]method{
	"app.bsky.video.getUploadLimits": {needs: byServiceToken, run: getUploadLimits},
	"app.bsky.video.uploadVideo":     {procedure: true, needs: byServiceToken, body: videoMaxSize, raw: true, run: uploadVideo},
	"app.bsky.video.getJobStatus":    {run: getJobStatus},
}

func joined(tables ...map[string]method) map[string]method {
	out := map[string]method{}
	for _, table := range tables {
		for name, m := range table {
			out[name] = m
		}
	}
	return out
}

// asUser asks for a login, as account hosts do for what they pass on to the read service.
func asUser(table map[string]method) map[string]method {
	out := joined(table)
	for name, m := range out {
		m.needs = byAccessToken
		out[name] = m
	}
	return out
}
