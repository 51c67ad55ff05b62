package business

import (
	"fmt"
	"slices"
	"strings"
)

// seedUsers makes the office (an owner, an admin, two dispatchers where there are many users), one person of the field
// without a crew, and crews of everybody else. In the first crew one person is deactivated, in the second one cannot be
// scheduled.
func (s *seeder) seedUsers() {
	s.field = map[string][]string{}
	office := 2
	if s.trade.users > 12 {
		office = 4
	}
	seats := map[string]int{}
	for n := range s.trade.users {
		created := s.unique(s.at(firstDay-150+n, 540+n))
		u := User{
			Number: s.number(TypeUser), CreatedAt: created, UpdatedAt: s.updated(created, s.at(-n%9-1, 500)),
			Status: "ACTIVATED", Timezone: s.trade.account.TimeZone, FirstDayOfTheWeek: "SUNDAY",
			AssignedColor: fmt.Sprintf("#%06x", s.rng.IntN(1<<24)),
		}
		u.ID = EncodeID(TypeUser, u.Number)
		u.UUID = fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", s.rng.Uint32(), s.rng.IntN(1<<16), s.rng.IntN(1<<12), s.rng.IntN(1<<12), s.rng.Uint64()>>16)
		first, last := firstNames[(n*11+3*int(s.account.Number))%len(firstNames)], lastNames[(n*7+5*int(s.account.Number))%len(lastNames)]
		u.Name = UserName{first, last, first + " " + last}
		u.Email = UserEmail{strings.ToLower(first + "." + last + "@crew.example"), true}
		phone := fmt.Sprintf("+1%s55501%02d", s.trade.areaCode, n)
		u.Phone = &UserPhone{Raw: phone, Friendly: fmt.Sprintf("(%s) 555-01%02d", s.trade.areaCode, n), AreaCode: s.trade.areaCode, CountryCode: "1", IsValid: true}
		u.LastLoginAt = second(s.past(s.at(-s.rng.IntN(6), 380+s.rng.IntN(600))))
		u.IsAccountOwner = n == 0
		u.IsAccountAdmin = n <= 1
		u.AvailableForScheduling = n >= office
		switch {
		case n == office:
			s.floater = append(s.floater, u.ID)
		case n > office:
			crew := s.trade.crews[(n-office-1)%len(s.trade.crews)]
			seats[crew]++
			u.CustomFields = append(u.CustomFields, s.crewField(crew))
			switch {
			case crew == s.trade.crews[0] && seats[crew] == 3:
				u.Status, u.AvailableForScheduling = "DEACTIVATED", false
			case crew == s.trade.crews[1] && seats[crew] == 2:
				u.AvailableForScheduling = false
			}
			s.field[crew] = append(s.field[crew], u.ID)
		case n == 2:
			u.CustomFields = append(u.CustomFields, s.crewField(""))
		}
		if n%3 == 0 {
			u.CustomFields = append(u.CustomFields, CustomField{
				TypeName: CustomFieldTrueFalse, ID: s.encoded(CustomFieldTrueFalse), Label: "First aid", AppliesTo: "TEAM",
				ConfigurationID: EncodeID("CustomFieldConfigurationTrueFalse", s.account.Number*1000+3), ValueTrueFalse: n%2 == 0,
			})
		}
		s.Users.put(u)
	}
}

// crewField is the user's dropdown that names the crew.
func (b *Business) crewField(crew string) CustomField {
	return CustomField{
		TypeName: CustomFieldDropdown, ID: b.encoded(CustomFieldDropdown), Label: CrewLabel, AppliesTo: "TEAM",
		ConfigurationID: EncodeID("CustomFieldConfigurationDropdown", b.account.Number*1000+1),
		ValueDropdown:   crew, DropdownOptions: slices.Clone(b.trade.crews),
	}
}

// seedClients makes a third of the clients at once, when the business began to use Jobber, and the others since; and at
// least one property each.
func (s *seeder) seedClients() {
	for n := range s.n.clients {
		day := firstDay + s.rng.IntN(10)
		if n*20 >= s.n.clients*7 {
			day = s.pickDay(openedDay, 0)
		}
		d := &clientDraft{Client: s.inventClient(), day: day}
		d.CreatedAt = s.unique(s.office(day))
		d.IsArchived = day < -200 && s.chance(25)
		d.touched = d.CreatedAt
		s.clients = append(s.clients, d)
	}
	slices.SortFunc(s.clients, func(a, b *clientDraft) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for n := range max(s.n.properties, s.n.clients) {
		c := s.clients[n%s.n.clients]
		if n >= s.n.clients {
			c = s.clients[s.rng.IntN(s.n.clients)]
		}
		p := &propertyDraft{client: c}
		p.CreatedAt = s.unique(s.after(c.CreatedAt, c.CreatedAt))
		p.Address = s.inventAddress()
		p.RoutingOrder = n + 1
		switch {
		case len(c.properties) == 0:
			p.IsBillingAddress = true
			if n%37 != 17 { // a few clients have no billing address
				c.BillingAddress = billingAddress(p.Address)
			}
		case s.chance(2):
			p.Name = pick(s.Business, []string{"Cabin", "Rental", "Main site", "Annex", "Warehouse", "Mother's house"})
		}
		c.properties = append(c.properties, p)
		s.properties = append(s.properties, p)
	}
}
