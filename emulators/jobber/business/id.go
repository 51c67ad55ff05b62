package business

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// The type names inside an EncodedId, which are also the last part of a record's web address.
const (
	TypeAccount       = "Account"
	TypeUser          = "User"
	TypeClient        = "Client"
	TypeProperty      = "Property"
	TypeRequest       = "Request"
	TypeQuote         = "Quote"
	TypeJob           = "Job"
	TypeVisit         = "Visit"
	TypeInvoice       = "Invoice"
	TypePaymentRecord = "PaymentRecord"
)

const gidPrefix = "gid://Jobber/"

// EncodeID returns the EncodedId of the numbered record of a type: base64 of gid://Jobber/<Type>/<number>.
func EncodeID(typeName string, number int64) string {
	return base64.StdEncoding.EncodeToString([]byte(gidPrefix + typeName + "/" + strconv.FormatInt(number, 10)))
}

// DecodeID returns what an EncodedId names, or an error for text that is none.
func DecodeID(id string) (typeName string, number int64, err error) {
	raw, err := base64.StdEncoding.DecodeString(id)
	if err != nil {
		return "", 0, fmt.Errorf("business: %q is not an encoded id: %w", id, err)
	}
	typeName, digits, ok := strings.Cut(strings.TrimPrefix(string(raw), gidPrefix), "/")
	if !ok || !strings.HasPrefix(string(raw), gidPrefix) {
		return "", 0, fmt.Errorf("business: %q does not hold a gid", id)
	}
	if number, err = strconv.ParseInt(digits, 10, 64); err != nil {
		return "", 0, fmt.Errorf("business: %q holds no number: %w", id, err)
	}
	return typeName, number, nil
}

// canonicalID accepts the three ways in which people name a record of a known type: the EncodedId, the bare number, and
// <Type>_<number>.
func canonicalID(typeName, id string) string {
	digits := strings.TrimPrefix(id, typeName+"_")
	if number, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return EncodeID(typeName, number)
	}
	return id
}

// WebURI returns the address of a record in Jobber's own site. The number in it equals the id's number.
func WebURI(typeName string, number int64) string {
	path, ok := webPaths[typeName]
	if !ok {
		return ""
	}
	return "https://secure.getjobber.com/" + path + "/" + strconv.FormatInt(number, 10)
}

var webPaths = map[string]string{
	TypeClient:   "clients",
	TypeProperty: "properties",
	TypeRequest:  "requests",
	TypeQuote:    "quotes",
	TypeJob:      "work_orders",
	TypeInvoice:  "invoices",
}
