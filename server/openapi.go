package server

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// describe adds to the API's description what plain handlers serve: events, media, uploads.
func describe(doc *huma.OpenAPI) {
	doc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "Given by POST /api/session."},
		"upload":  {Type: "http", Scheme: "bearer", Description: "Given by POST /api/attempts/{id}/upload-token; for /files/ and one attempt."},
	}
	doc.Security = []map[string][]string{{"session": {}}}
	doc.Paths["/api/session"].Post.Security = []map[string][]string{}
	describeEvents(doc)
	describeMedia(doc)
	describeUploads(doc)
}

func describeEvents(doc *huma.OpenAPI) {
	state := doc.Components.Schemas.Schema(reflect.TypeFor[attemptView](), true, "")
	doc.AddOperation(&huma.Operation{OperationID: "attempt-events", Method: http.MethodGet, Path: "/api/attempts/{id}/events", Tags: []string{"attempts"},
		Summary: "An attempt's state as it changes",
		Description: "Server-sent events. «attempt» carries the attempt as GET /api/attempts/{id} gives it: at once, and after each change. «beat» comes every 15 seconds, " +
			"so that silence means a lost connection. The stream ends with the session and with the server.",
		Parameters: []*huma.Param{pathParam("id", "Of the attempt.")},
		Responses: responses(doc, map[string]*huma.Response{"200": {Description: "The stream; each «attempt» event's data is this schema.",
			Content: map[string]*huma.MediaType{"text/event-stream": {Schema: state}}}}, "401", "403", "404"),
	})
}

func describeMedia(doc *huma.OpenAPI) {
	file := func() *huma.Schema { return &huma.Schema{Type: huma.TypeString, Format: "binary"} }
	content := map[string]*huma.MediaType{"video/webm": {Schema: file()}, "video/mp4": {Schema: file()}, "audio/webm": {Schema: file()}, "audio/mp4": {Schema: file()},
		"text/vtt": {Schema: file()}, "image/jpeg": {Schema: file()}, "application/octet-stream": {Schema: file()}}
	doc.AddOperation(&huma.Operation{OperationID: "get-media", Method: http.MethodGet, Path: "/media/{attempt}/{file}", Tags: []string{"media"},
		Summary:     "A playback file, waveform or thumbnails of an attempt",
		Description: "By the names that timeline.json gives. Ranges and conditions as in RFC 9110; HEAD too. A name's content changes with the recordings, and its entity tag with it.",
		Parameters: []*huma.Param{pathParam("attempt", "ID of the attempt."), pathParam("file", "Name of the file, as in timeline.json."),
			{Name: "Range", In: "header", Description: "As «bytes=0-1023».", Schema: &huma.Schema{Type: huma.TypeString}}},
		Responses: responses(doc, map[string]*huma.Response{
			"200": {Description: "The whole file.", Content: content},
			"206": {Description: "The range that was asked for.", Content: content},
			"304": {Description: "Not changed since the entity tag that was sent."},
			"416": {Description: "There is no such range."},
		}, "401", "403", "404"),
	})
}

// describeUploads describes tus 1.0 (https://tus.io/protocols/resumable-upload) as far as it is spoken here.
func describeUploads(doc *huma.OpenAPI) {
	header := func(name, description string, required bool) *huma.Param {
		return &huma.Param{Name: name, In: "header", Description: description, Required: required, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	version := header("Tus-Resumable", "1.0.0", true)
	id := pathParam("id", "Of the upload: the last part of its Location.")
	said := func(name, description string) map[string]*huma.Param {
		return map[string]*huma.Param{name: {Description: description, Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	plain := func(description string) *huma.Response { return &huma.Response{Description: description} }
	either := []map[string][]string{{"session": {}}, {"upload": {}}}
	bytes := &huma.RequestBody{Content: map[string]*huma.MediaType{"application/offset+octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
	add := func(o huma.Operation) {
		o.Tags, o.Security = []string{"uploads"}, either
		o.Responses["401"] = plain("Neither a session nor a valid token.")
		o.Responses["403"] = plain("The role or the token does not allow it.")
		doc.AddOperation(&o)
	}
	add(huma.Operation{OperationID: "create-upload", Method: http.MethodPost, Path: "/files/", Summary: "Begin a resumable upload of a recording", RequestBody: bytes,
		Description: "tus 1.0, extensions creation, creation-with-upload, creation-defer-length, termination. Any tus client does; this is for reading on.",
		Parameters: []*huma.Param{version, header("Upload-Length", "Bytes of the whole file; or Upload-Defer-Length.", false), header("Upload-Defer-Length", "1 where the length is not known yet.", false),
			header("Upload-Metadata", "attempt, kind (camera, screen, phone), filename, startedAt (RFC 3339, optional); each value in base64.", true)},
		Responses: map[string]*huma.Response{"201": {Description: "Begun.", Headers: said("Location", "Where it goes on.")}, "400": plain("The metadata is wrong or the file is empty."),
			"404": plain("There is no such attempt."), "413": plain("Larger than is accepted."), "507": plain("The server's disk is full.")}})
	add(huma.Operation{OperationID: "upload-offset", Method: http.MethodHead, Path: "/files/{id}", Summary: "How far an upload is", Parameters: []*huma.Param{id, version},
		Responses: map[string]*huma.Response{"200": {Description: "It is there.", Headers: said("Upload-Offset", "Bytes that are stored.")}, "404": plain("There is no such upload, or not any more."),
			"423": plain("Not to be told at the moment; ask again.")}})
	add(huma.Operation{OperationID: "continue-upload", Method: http.MethodPatch, Path: "/files/{id}", Summary: "Send more of an upload", RequestBody: bytes,
		Parameters: []*huma.Param{id, version, header("Upload-Offset", "Where these bytes belong.", true), header("Upload-Length", "Of the whole file, where it was deferred.", false)},
		Responses: map[string]*huma.Response{"204": {Description: "Stored. Where this was the rest, the recording is safe on the disk.", Headers: said("Upload-Offset", "Bytes that are stored.")},
			"404": plain("There is no such upload, or not any more."), "409": plain("The offset is another: ask by HEAD."), "413": plain("Larger than is accepted."),
			"423": plain("Another request is at it."), "507": plain("The server's disk is full; what was received stays.")}})
	add(huma.Operation{OperationID: "end-upload", Method: http.MethodDelete, Path: "/files/{id}", Summary: "Give up an unfinished upload", Parameters: []*huma.Param{id, version},
		Responses: map[string]*huma.Response{"204": plain("Given up."), "404": plain("There is no such upload, or not any more.")}})
}

func pathParam(name, description string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
}

// responses completes answers by those in which a problem is told.
func responses(doc *huma.OpenAPI, given map[string]*huma.Response, problems ...string) map[string]*huma.Response {
	problem := doc.Components.Schemas.Schema(reflect.TypeFor[apiError](), true, "")
	for _, status := range problems {
		given[status] = &huma.Response{Description: map[string]string{"401": "Sign in first.", "403": "The role does not allow it.", "404": "There is no such thing."}[status],
			Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problem}}}
	}
	return given
}
