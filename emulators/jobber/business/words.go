package business

// The words that names are put together from. None of them is anybody's: addresses of e-mail end in a reserved domain, and
// telephone numbers lie in the range kept for fiction.

var firstNames = []string{
	"Ada", "Aiden", "Alice", "Amara", "Andre", "Anita", "Bea", "Ben", "Bruno", "Carla", "Cato", "Celia", "Chen", "Clara",
	"Colin", "Dana", "Dario", "Della", "Diego", "Edith", "Elena", "Elias", "Emeka", "Enid", "Ezra", "Fatima", "Felix",
	"Fiona", "Gabe", "Gemma", "Gina", "Hana", "Hugo", "Ida", "Imran", "Ines", "Iris", "Ivan", "Jonas", "Joy", "Kai",
	"Kira", "Lars", "Leila", "Leo", "Lena", "Luca", "Mabel", "Malik", "Mara", "Mei", "Milo", "Mina", "Nadia", "Nell",
	"Noor", "Omar", "Opal", "Oscar", "Paula", "Petra", "Quinn", "Rafa", "Rhea", "Rosa", "Ruth", "Sami", "Sofia", "Sven",
	"Tara", "Theo", "Tessa", "Uma", "Vera", "Viktor", "Wes", "Willa", "Xena", "Yara", "Yusuf", "Zane", "Zora",
}

var lastNames = []string{
	"Abara", "Adler", "Almeida", "Ashby", "Baird", "Barlow", "Benali", "Berg", "Bishop", "Castell", "Chandra", "Cole",
	"Corbin", "Dalton", "Delgado", "Draper", "Dufour", "Eklund", "Ellery", "Farrow", "Fischer", "Fontaine", "Galvez",
	"Garner", "Grady", "Hale", "Harada", "Hobbs", "Holm", "Ibarra", "Iqbal", "Jansen", "Jarvis", "Kaminski", "Keane",
	"Khoury", "Kessler", "Lachance", "Larkin", "Lindqvist", "Lowell", "Marsh", "Mbeki", "Mercer", "Moreau", "Nakano",
	"Norwood", "Novak", "Oakley", "Okafor", "Orton", "Pacheco", "Parrish", "Pryor", "Quigley", "Ramos", "Reyes", "Rourke",
	"Sandoval", "Sato", "Sinclair", "Sorensen", "Tamura", "Thorne", "Tran", "Underhill", "Usman", "Vance", "Varga",
	"Walsh", "Weir", "Whitlock", "Yamada", "Yates", "Zeller",
}

var companyFirst = []string{
	"Amber", "Birch", "Bluestem", "Cedar", "Cobalt", "Copper", "Crescent", "Elm", "Fern", "Flint", "Garnet", "Granite",
	"Hazel", "Indigo", "Juniper", "Larch", "Linden", "Maple", "Meadow", "Nimbus", "Ochre", "Pine", "Quartz", "Rowan",
	"Sable", "Sage", "Slate", "Sorrel", "Spruce", "Teal", "Umber", "Willow",
}

var companySecond = []string{
	"Court Dental", "Street Bakery", "Square Offices", "Park Townhomes", "Lane Storage", "Hill Apartments", "Gate Clinic",
	"Grove School", "Point Fitness", "Row Condominiums", "Corner Cafe", "Yard Breweries", "Crossing Retail", "Field Church",
	"Terrace Homes", "Bay Warehousing",
}

var streetNames = []string{
	"Alder", "Aspen", "Bannock", "Beech", "Briar", "Canyon", "Cherry", "Clover", "Dahlia", "Dogwood", "Eagle", "Elder",
	"Fox", "Gilpin", "Harbour", "Heather", "Holly", "Ivy", "Kestrel", "Lark", "Laurel", "Magnolia", "Mill", "Monarch",
	"Olive", "Orchard", "Pearl", "Poplar", "Quail", "Ridge", "Rose", "Spring", "Sumac", "Thistle", "Union", "Vine",
	"Walnut", "Yarrow",
}

var streetKinds = []string{"St", "Ave", "Dr", "Rd", "Ct", "Ln", "Way", "Pl"}

var tagLabels = []string{"VIP", "Gate code", "Dog on site", "Senior", "Net 30", "Referral", "Seasonal", "Do not text"}

var quoteMessages = []string{
	"Thank you for the chance to quote.", "Prices hold for thirty days.", "Materials included unless noted.", "",
}

var leadSources = []string{"Referral", "Website", "Online search", "Flyer", "Returning", "Signage", ""}

var requestSources = []string{"ONLINE_BOOKING", "CLIENT_HUB", "INTERNAL", "WEBSITE_FORM", "PHONE"}

// service is something the business sells.
type service struct {
	name    string
	minutes []int
	low     int // dollars
	high    int
	repeats bool // sold as a recurring job
}

// trade is what a business does, where and when.
type trade struct {
	account  Account
	crews    []string
	services []service
	season   [12]float64 // how much work each month brings, January first
	taxRate  float64
	taxable  float64 // the part of the work that is taxed
	cities   []city
	province string
	country  string
	areaCode string
	perScale counts
	users    int
}

type city struct {
	name    string
	postals []string // beginnings, made full by postalCode
	lat     float64
	lng     float64
}

// counts is how many records of each type there are.
type counts struct {
	clients, properties, requests, quotes, jobs, visits, invoices, payments int
}

var trades = map[int]trade{
	1: {
		account: Account{
			Name: "Sample Valley Grounds", SignupName: "Sample Valley Grounds LLC", Phone: "(303) 555-0100",
			Industry: "LANDSCAPING", Currency: "USD", TimeZone: "America/Denver",
		},
		crews: []string{"North", "South", "East", "West", "Irrigation & Snow"},
		services: []service{
			{"Lawn mowing", []int{30, 45, 60}, 45, 95, true},
			{"Garden bed care", []int{60, 90, 120}, 90, 240, true},
			{"Snow clearing", []int{30, 45, 60, 90}, 60, 180, true},
			{"Spring clean-up", []int{120, 180, 240}, 240, 780, false},
			{"Hedge and shrub pruning", []int{90, 120, 180}, 160, 620, false},
			{"Sprinkler start-up", []int{45, 60}, 85, 160, false},
			{"Sprinkler blow-out", []int{30, 45}, 75, 140, false},
			{"Sprinkler repair", []int{60, 90, 120}, 120, 540, false},
			{"Sod installation", []int{240, 360}, 900, 4200, false},
			{"Patio and stone work", []int{360, 480}, 1800, 12500, false},
			{"Tree planting", []int{90, 150, 240}, 260, 1400, false},
			{"Leaf removal", []int{60, 90, 120}, 120, 380, false},
		},
		season:   [12]float64{0.45, 0.5, 0.8, 1.2, 1.5, 1.45, 1.3, 1.2, 1.15, 1.1, 0.7, 0.5},
		taxRate:  0.0881,
		taxable:  0.6,
		province: "Colorado", country: "United States", areaCode: "303",
		cities: []city{
			{"Denver", []string{"80202", "80205", "80209", "80211", "80218", "80220"}, 39.74, -104.99},
			{"Lakewood", []string{"80214", "80226", "80228"}, 39.70, -105.08},
			{"Arvada", []string{"80002", "80004"}, 39.80, -105.09},
			{"Aurora", []string{"80010", "80012", "80014"}, 39.73, -104.83},
			{"Littleton", []string{"80120", "80123"}, 39.61, -105.02},
		},
		perScale: counts{2000, 2500, 1200, 3000, 6000, 15000, 6000, 5500},
		users:    24,
	},
	2: {
		account: Account{
			Name: "Sample Harbour Plumbing & Heating", SignupName: "Sample Harbour Plumbing & Heating Ltd.",
			Phone: "(709) 555-0100", Industry: "PLUMBING_SERVICE", Currency: "CAD", TimeZone: "America/St_Johns",
		},
		crews: []string{"Service", "New Build"},
		services: []service{
			{"Furnace tune-up", []int{60, 90}, 130, 260, true},
			{"Boiler inspection", []int{60, 90, 120}, 140, 320, true},
			{"Water heater replacement", []int{180, 240}, 1100, 2900, false},
			{"Drain clearing", []int{45, 60, 90}, 140, 420, false},
			{"Leak repair", []int{60, 90, 120}, 150, 680, false},
			{"Oil tank replacement", []int{300, 420}, 2400, 4800, false},
			{"Heat pump installation", []int{360, 480}, 3800, 9800, false},
			{"Bathroom rough-in", []int{240, 360, 480}, 1600, 6400, false},
			{"Frozen pipe call", []int{60, 90, 150}, 180, 720, false},
		},
		season:   [12]float64{1.4, 1.35, 1.1, 0.9, 0.75, 0.7, 0.65, 0.75, 0.95, 1.2, 1.3, 1.25},
		taxRate:  0.15,
		taxable:  1,
		province: "Newfoundland and Labrador", country: "Canada", areaCode: "709",
		cities: []city{
			{"St. John's", []string{"A1A", "A1B", "A1C", "A1E"}, 47.56, -52.71},
			{"Mount Pearl", []string{"A1N"}, 47.52, -52.81},
			{"Paradise", []string{"A1L"}, 47.53, -52.87},
		},
		perScale: counts{200, 250, 120, 300, 600, 1500, 600, 550},
		users:    7,
	},
}
