package business

import (
	"fmt"
	"strconv"
	"strings"
)

// Inventing makes up what a record says. Numbers, references and times are the caller's.

func pick[T any](b *Business, list []T) T { return list[b.rng.IntN(len(list))] }

// chance is true in one of n cases.
func (b *Business) chance(n int) bool { return b.rng.IntN(n) == 0 }

// between is a number from low to high, both included.
func (b *Business) between(low, high int) int { return low + b.rng.IntN(high-low+1) }

func (b *Business) inventPhone() string {
	return fmt.Sprintf("(%s) 555-01%02d", b.trade.areaCode, b.rng.IntN(100))
}

func (b *Business) inventClient() Client {
	c := Client{FirstName: pick(b, firstNames), LastName: pick(b, lastNames), SourceText: pick(b, leadSources)}
	address := fmt.Sprintf("%s.%s%d@mail.example", strings.ToLower(c.FirstName), strings.ToLower(c.LastName), b.rng.IntN(90)+10)
	switch person := c.FirstName + " " + c.LastName; {
	case b.chance(5):
		first := pick(b, companyFirst)
		c.IsCompany = true
		c.CompanyName = first + " " + pick(b, companySecond)
		c.Name, c.SecondaryName = c.CompanyName, person
		address = "office@" + strings.ToLower(first) + strconv.Itoa(b.rng.IntN(90)+10) + ".example"
	case b.chance(10):
		c.Title = pick(b, []string{"Mr.", "Ms.", "Mrs.", "Dr."})
		c.Name = c.Title + " " + person
	case b.chance(40):
		c.FirstName = ""
		c.Name = c.LastName
	default:
		c.Name = person
	}
	if !b.chance(15) {
		c.Emails = append(c.Emails, Email{b.encoded("Email"), address, "MAIN", true})
	}
	for i := range b.rng.IntN(3) {
		number := b.inventPhone()
		digits := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, number)
		c.Phones = append(c.Phones, ClientPhoneNumber{
			ID: b.encoded("ClientPhoneNumber"), Number: number, Friendly: number, NormalizedPhoneNumber: "+1" + digits,
			Description: []string{"MAIN", "MOBILE", "WORK"}[i], Primary: i == 0, SmsAllowed: b.chance(2),
		})
	}
	if b.chance(6) {
		n := b.rng.IntN(len(tagLabels))
		c.Tags = append(c.Tags, Tag{EncodeID("Tag", b.account.Number*1000+int64(n)), tagLabels[n]})
	}
	if b.chance(9) {
		c.CustomFields = append(c.CustomFields, CustomField{
			TypeName: CustomFieldText, ID: b.encoded("CustomFieldText"), Label: "Access notes",
			ConfigurationID: EncodeID("CustomFieldConfigurationText", b.account.Number*1000+2), AppliesTo: "ALL_CLIENTS",
			ValueText: pick(b, []string{"Side gate", "Ring twice", "Key in the office", "Call on the way"}),
		})
	}
	return c
}

func (b *Business) inventAddress() PropertyAddress {
	place := pick(b, b.trade.cities)
	a := PropertyAddress{
		ID:         b.encoded("PropertyAddress"),
		Street1:    fmt.Sprintf("%d %s %s", b.between(1, 9899), pick(b, streetNames), pick(b, streetKinds)),
		City:       place.name,
		Province:   b.trade.province,
		PostalCode: pick(b, place.postals),
		Country:    b.trade.country,
		Latitude:   place.lat + float64(b.rng.IntN(8000)-4000)/100_000,
		Longitude:  place.lng + float64(b.rng.IntN(8000)-4000)/100_000,
		GeoStatus:  "EXACT_MATCH",
	}
	if b.chance(12) {
		a.Street2 = fmt.Sprintf("Unit %d", b.between(1, 60))
	}
	if len(a.PostalCode) == 3 { // Canadian: the first half is the place's
		a.PostalCode += fmt.Sprintf(" %d%c%d", b.rng.IntN(10), 'A'+rune(b.rng.IntN(8)), b.rng.IntN(10))
	}
	return a
}

func billingAddress(a PropertyAddress) *ClientAddress {
	return &ClientAddress{
		Street1: a.Street1, Street2: a.Street2, City: a.City, Province: a.Province, PostalCode: a.PostalCode,
		Country: a.Country, Latitude: fmt.Sprintf("%.5f", a.Latitude), Longitude: fmt.Sprintf("%.5f", a.Longitude),
	}
}

// inventPrice is what a service costs this time, in cents: mostly whole dollars.
func (b *Business) inventPrice(s service) int64 {
	price := int64(b.between(s.low, s.high)) * 100
	switch {
	case b.chance(3):
		price += 50
	case b.chance(7):
		price += int64(b.rng.IntN(100))
	}
	return price
}

// inventTax says what tax is on an amount: often none, rarely with a fraction of a cent, as Jobber's floats may have.
func (b *Business) inventTax(amount int64) float64 {
	if b.rng.Float64() >= b.trade.taxable {
		return 0
	}
	tax := dollars(cents(dollars(amount) * b.trade.taxRate))
	if b.chance(300) {
		tax = float64(int64(tax)) + 0.125
	}
	return tax
}

// inventPayment says how money came.
func (b *Business) inventPayment(p PaymentRecord) PaymentRecord {
	n := b.rng.IntN(1_000_000)
	switch r := b.rng.IntN(100); {
	case r < 38:
		p.TypeName, p.PaymentType, p.PaymentOrigin = "JobberPaymentsCreditCardPaymentRecord", "JOBBER_PAYMENTS", "CLIENT_ONLINE_ORIGIN"
		p.Brand, p.LastDigits, p.TransactionStatus = pick(b, []string{"visa", "mastercard", "amex"}), fmt.Sprintf("%04d", n%10_000), "SUCCEEDED"
		if b.chance(9) {
			p.TipAmount = float64(b.between(5, 40))
		}
	case r < 60:
		p.TypeName, p.PaymentType, p.CheckNumber = "CheckPaymentRecord", "CHEQUE", strconv.Itoa(1000+n%9000)
	case r < 72:
		p.TypeName, p.PaymentType, p.ConfirmationNumber = "ETransferPaymentRecord", "E_TRANSFER", fmt.Sprintf("T%06d", n)
	case r < 82:
		p.TypeName, p.PaymentType = "CashPaymentRecord", "CASH"
	case r < 92:
		p.TypeName, p.PaymentType, p.ConfirmationNumber = "BankTransferPaymentRecord", "BANK_TRANSFER", fmt.Sprintf("B%06d", n)
	case r < 97:
		p.TypeName, p.PaymentType, p.CCTransactionNumber = "CreditCardPaymentRecord", "CREDIT_CARD", fmt.Sprintf("C%06d", n)
	default:
		p.TypeName, p.PaymentType = "OtherPaymentRecord", "OTHER"
	}
	return p
}

// encoded is a new EncodedId of a type that is only a part of other records.
func (b *Business) encoded(typeName string) string { return EncodeID(typeName, b.number(typeName)) }
