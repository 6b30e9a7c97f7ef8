package awsjson

import "strings"

// partitions are AWS's by the beginning of their regions' names; everything else is under amazonaws.com.
var partitions = []struct{ region, suffix string }{
	{"cn-", "amazonaws.com.cn"}, {"eusc-", "amazonaws.eu"}, {"us-isob-", "sc2s.sgov.gov"}, {"us-isof-", "csp.hci.ic.gov"},
	{"us-iso-", "c2s.ic.gov"}, {"eu-isoe-", "cloud.adc-e.uk"},
}

// Endpoint returns the URL of a service in a region.
func Endpoint(service, region string) string {
	suffix := "amazonaws.com"
	for _, p := range partitions {
		if strings.HasPrefix(region, p.region) {
			suffix = p.suffix
		}
	}
	return "https://" + service + "." + region + "." + suffix
}
