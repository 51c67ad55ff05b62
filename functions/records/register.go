// Package records answers lists and single records: clients, properties, requests, quotes, jobs, visits, invoices,
// payments and users.
package records

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("Records", instance.HTTP(Build)) }
