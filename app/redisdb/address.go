package redisdb

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// address is a Redis address taken apart: what go-redis cannot read in one URL, and the secrets, which are kept from
// every parser whose errors quote their input.
type address struct {
	kind      string // "", "sentinel" or "cluster"
	scheme    string // redis, rediss or unix
	rest      string // hosts and path, without user and query
	query     url.Values
	username  string
	password  string
	nodes     []string // of a Sentinel group or Cluster
	masterSet string   // the name that the Sentinels know

	sentinelUsername, sentinelPassword string
}

func parseAddress(rawURL string) (address, error) {
	scheme, rest, ok := strings.Cut(rawURL, "://")
	if !ok {
		return address{}, errors.New("it has no scheme; wanted is an address such as redis://localhost:6379/0")
	}
	var a address
	a.scheme, a.kind, _ = strings.Cut(scheme, "+")
	if !validScheme(a.scheme, a.kind) {
		return a, fmt.Errorf("its scheme is %s; wanted is redis, rediss, unix, or redis or rediss with +sentinel or +cluster",
			showScheme(scheme))
	}
	rest, query, _ := strings.Cut(rest, "?")
	if err := a.takeQuery(query); err != nil {
		return a, err
	}
	if err := a.takeUser(rest); err != nil {
		return a, err
	}
	if a.kind != "" {
		return a, a.takeNodes()
	}
	return a, nil
}

func validScheme(scheme, kind string) bool {
	switch kind {
	case "":
		return scheme == "redis" || scheme == "rediss" || scheme == "unix"
	case "sentinel", "cluster":
		return scheme == "redis" || scheme == "rediss"
	default:
		return false
	}
}

// takeQuery refuses an @ because it most likely ends a password with a bare question mark in it, which would then
// stand among the parameters and be quoted by their parser.
func (a *address) takeQuery(query string) error {
	if strings.Contains(query, "@") {
		return errors.New("an @ follows the question mark; write %40 for an @ and %3F for a ? inside a password")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("its query cannot be read; wanted is ?name=value&name=value")
	}
	a.sentinelUsername, a.sentinelPassword = values.Get("sentinel_username"), values.Get("sentinel_password")
	values.Del("sentinel_username")
	values.Del("sentinel_password")
	a.query = values
	return nil
}

// showScheme quotes what can be a scheme. Else it is more of an address, with a password perhaps, before a later "://".
func showScheme(scheme string) string {
	if looksLikeScheme(scheme) {
		return strconv.Quote(scheme)
	}
	return "not readable"
}

func looksLikeScheme(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-") == ""
}

// splitUser splits at the last @, so that a password may hold one. A unix path may hold one too: it starts with a
// slash.
func splitUser(scheme, rest string) (user, host string, found bool) {
	at := strings.LastIndex(rest, "@")
	if at < 0 || (scheme == "unix" && strings.HasPrefix(rest, "/")) {
		return "", rest, false
	}
	return rest[:at], rest[at+1:], true
}

func (a *address) takeUser(rest string) error {
	both, host, found := splitUser(a.scheme, rest)
	if a.rest = host; !found {
		return nil
	}
	user, password, _ := strings.Cut(both, ":")
	var userErr, passwordErr error
	a.username, userErr = url.PathUnescape(user)
	a.password, passwordErr = url.PathUnescape(password)
	if userErr != nil || passwordErr != nil {
		return errors.New("its user or password holds a % that starts no escape; write %25")
	}
	return nil
}

func (a *address) takeNodes() error {
	hosts, path, _ := strings.Cut(a.rest, "/")
	for node := range strings.SplitSeq(hosts, ",") {
		if node == "" {
			return errors.New("a host is missing between its commas; wanted is host:port,host:port")
		}
		a.nodes = append(a.nodes, node)
	}
	if a.kind == "cluster" {
		if path != "" {
			return errors.New("a Cluster has no numbered databases; leave out what follows the hosts")
		}
		a.rest = ""
		return nil
	}
	a.masterSet, a.rest, _ = strings.Cut(path, "/")
	if a.masterSet == "" {
		return errors.New("the master's name is missing; wanted is redis+sentinel://host:26379/NAME")
	}
	return nil
}

// plain returns the URL as go-redis reads it, without secrets. Of several nodes the first is the host and the others
// are addr parameters.
func (a address) plain() string {
	if a.kind == "" {
		return a.scheme + "://" + a.rest + withQuery(a.query)
	}
	query := url.Values{}
	for name, values := range a.query {
		query[name] = values
	}
	query["addr"] = a.nodes[1:]
	if a.kind == "sentinel" {
		query.Set("master_name", a.masterSet)
	}
	return a.scheme + "://" + a.nodes[0] + "/" + a.rest + withQuery(query)
}

func withQuery(q url.Values) string {
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// Redact returns a Redis address fit for a log line: its password and its query, which may hold another, are hidden.
func Redact(rawURL string) string {
	scheme, rest, ok := strings.Cut(rawURL, "://")
	if !ok || !looksLikeScheme(scheme) {
		return "(no address)"
	}
	rest, query, _ := strings.Cut(rest, "?")
	if strings.Contains(query, "@") { // nobody can tell where the password begins: see takeQuery
		return scheme + "://xxxxx"
	}
	user, host, found := splitUser(scheme, rest)
	if found {
		user, _, _ = strings.Cut(user, ":")
		user += ":xxxxx@"
	}
	if query != "" {
		host += "?xxxxx"
	}
	return scheme + "://" + user + host
}

// withoutURL takes the address off an error about it: its query may hold a secret of a name that we do not know.
func withoutURL(err error) error {
	var parse *url.Error
	if errors.As(err, &parse) {
		return parse.Err
	}
	return err
}
