package business

import "time"

// The records below carry Jobber's own names and values. A record that was handed out is never changed afterwards: a
// change puts a new value in its place, so a reader may keep what it got and must not write to it.
//
// ID is always the EncodedId and Number the number inside it. References are EncodedIds too, "" where Jobber says null.
// Amounts are dollars, as Jobber tells them. CreatedAt and UpdatedAt have microseconds and never repeat within a business;
// every other time is a whole second. UpdatedAt is kept for every record because lists are ordered by it, also where Jobber
// does not show it (users, properties, visits, payment records).

// Account is one business that uses Jobber. Currency and TimeZone are no fields of Jobber's Account: Jobber shows the zone
// on the users only, and the currency nowhere.
type Account struct {
	ID         string
	Number     int64
	Name       string
	SignupName string
	Phone      string
	Industry   string
	CreatedAt  time.Time
	Currency   string
	TimeZone   string
}

// User is a person who works for the business.
type User struct {
	ID                     string
	Number                 int64
	UUID                   string
	Name                   UserName
	Email                  UserEmail
	Phone                  *UserPhone
	Status                 string // UserStatusEnum
	IsAccountAdmin         bool
	IsAccountOwner         bool
	AvailableForScheduling bool
	AssignedColor          string
	Timezone               string
	FirstDayOfTheWeek      string
	LastLoginAt            *time.Time
	CustomFields           []CustomField
	CreatedAt              time.Time
	UpdatedAt              time.Time
}

// UserName is a user's name in parts.
type UserName struct{ First, Last, Full string }

// UserEmail is a user's e-mail address.
type UserEmail struct {
	Raw     string
	IsValid bool
}

// UserPhone is a user's telephone.
type UserPhone struct {
	Raw         string
	Friendly    string
	AreaCode    string
	CountryCode string
	IsValid     bool
}

// The GraphQL types of custom fields that appear in a business.
const (
	CustomFieldText      = "CustomFieldText"
	CustomFieldTrueFalse = "CustomFieldTrueFalse"
	CustomFieldDropdown  = "CustomFieldDropdown"
)

// CrewLabel is the label of the users' dropdown that names a user's crew.
const CrewLabel = "Crew"

// CustomField is one filled-in custom field. TypeName says which member of CustomFieldUnion it is, and so which value
// counts.
type CustomField struct {
	TypeName        string
	ID              string
	Label           string
	ConfigurationID string
	AppliesTo       string // CustomFieldAppliesTo
	ValueText       string
	ValueTrueFalse  bool
	ValueDropdown   string
	DropdownOptions []string
}

// Client is a customer of the business.
type Client struct {
	ID             string
	Number         int64
	Title          string
	FirstName      string // may be ""
	LastName       string // may be ""
	CompanyName    string
	Name           string // what Jobber shows: with the title, or the company
	SecondaryName  string
	IsCompany      bool
	IsLead         bool
	IsArchived     bool
	Balance        float64
	BillingAddress *ClientAddress
	Emails         []Email
	Phones         []ClientPhoneNumber
	Tags           []Tag
	CustomFields   []CustomField
	SourceText     string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// ClientAddress is where a client's bills go.
type ClientAddress struct {
	Street1, Street2, City, Province, PostalCode, Country string
	Latitude, Longitude                                   string
}

// Street is both lines in one, as Jobber tells it.
func (a ClientAddress) Street() string { return street(a.Street1, a.Street2) }

// Email is one e-mail address of a client.
type Email struct {
	ID          string
	Address     string
	Description string // EmailDescription
	Primary     bool
}

// ClientPhoneNumber is one telephone of a client.
type ClientPhoneNumber struct {
	ID                    string
	Number                string
	Friendly              string
	NormalizedPhoneNumber string
	Description           string // PhoneNumberDescription
	Primary               bool
	SmsAllowed            bool
}

// Tag is a label that people put on a client.
type Tag struct{ ID, Label string }

// Property is a place that is served.
type Property struct {
	ID               string
	Number           int64
	Name             string
	ClientID         string
	IsBillingAddress bool
	RoutingOrder     int
	Address          PropertyAddress
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// PropertyAddress is where a property stands.
type PropertyAddress struct {
	ID                                                    string
	Street1, Street2, City, Province, PostalCode, Country string
	Name                                                  string
	Latitude, Longitude                                   float64
	GeoStatus                                             string
}

// Street is both lines in one, as Jobber tells it.
func (a PropertyAddress) Street() string { return street(a.Street1, a.Street2) }

func street(one, two string) string {
	if two == "" {
		return one
	}
	return one + ", " + two
}

// Request is somebody asking for work.
type Request struct {
	ID            string
	Number        int64
	Title         string
	RequestStatus string // at rest: new, completed, converted or archived; Business.RequestStatus gives Jobber's
	Source        string
	ClientID      string
	PropertyID    string
	SalespersonID string
	CompanyName   string
	ContactName   string
	Email         string
	Phone         string
	Assessment    *Assessment
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Assessment is the look at the place before a quote. Without StartAt it is not scheduled.
type Assessment struct {
	ID              string
	Title           string
	Instructions    string
	StartAt         *time.Time
	EndAt           *time.Time
	AllDay          bool
	IsComplete      bool
	CompletedAt     *time.Time
	AssignedUserIDs []string
}

// Quote is an offer.
type Quote struct {
	ID               string
	Number           int64
	QuoteNumber      string
	QuoteStatus      string // QuoteStatusTypeEnum
	Title            string
	Message          string
	ClientID         string
	PropertyID       string
	RequestID        string
	SalespersonID    string
	Amounts          QuoteAmounts
	SentAt           *time.Time
	TransitionedAt   time.Time
	LastTransitioned QuoteTransitions
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// QuoteAmounts is a quote's money.
type QuoteAmounts struct {
	Subtotal, Total, TaxAmount, DiscountAmount, NonTaxAmount, DepositAmount, OutstandingDepositAmount float64
}

// QuoteTransitions says when a quote last became what.
type QuoteTransitions struct {
	ApprovedAt, ChangesRequestedAt, ConvertedAt *time.Time
}

// Job is work that is agreed.
type Job struct {
	ID               string
	Number           int64
	JobNumber        int
	Title            string
	JobStatus        string // at rest: active, requires_invoicing or archived; Business.JobStatus gives Jobber's
	JobType          string // JobTypeTypeEnum
	BillingType      string // BillingStrategy
	BillingFrequency string // BillingFrequencyEnum
	Instructions     string
	Source           string
	ClientID         string
	PropertyID       string
	QuoteID          string
	RequestID        string
	SalespersonID    string
	Total            float64
	InvoicedTotal    float64
	UninvoicedTotal  float64
	StartAt          *time.Time
	EndAt            *time.Time
	CompletedAt      *time.Time
	CreatedAt        time.Time
	UpdatedAt        time.Time

	visitPrice float64 // what one visit of a VISIT_BASED job costs
}

// Visit is one appointment of a job. Without StartAt it is not scheduled.
type Visit struct {
	ID              string
	Number          int64
	Title           string
	Instructions    string
	IsComplete      bool
	AllDay          bool
	ClientConfirmed bool
	StartAt         *time.Time
	EndAt           *time.Time
	CompletedAt     *time.Time
	CompletedBy     string
	JobID           string
	ClientID        string
	PropertyID      string
	InvoiceID       string
	AssignedUserIDs []string
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Invoice is a bill.
type Invoice struct {
	ID                   string
	Number               int64
	InvoiceNumber        string
	InvoiceStatus        string // at rest: draft, awaiting_payment, paid, bad_debt or voided; Business.InvoiceStatus gives Jobber's
	Subject              string
	Message              string
	ClientID             string
	SalespersonID        string
	Jobs                 []InvoiceJob
	Amounts              InvoiceAmounts
	InvoiceNet           int
	TaxCalculationMethod string
	IssuedDate           *time.Time
	DueDate              *time.Time
	ReceivedDate         *time.Time
	CreatedAt            time.Time
	UpdatedAt            time.Time
}

// InvoiceJob is the part of an invoice that bills one job.
type InvoiceJob struct {
	JobID  string
	Amount float64
}

// InvoiceAmounts is an invoice's money.
type InvoiceAmounts struct {
	Subtotal, Total, TaxAmount, NonTaxAmount, DiscountAmount, DepositAmount, InvoiceBalance, PaymentsTotal, TipsTotal float64
}

// PaymentRecord is one movement of money on a client's account.
type PaymentRecord struct {
	ID                  string
	Number              int64
	TypeName            string  // the concrete type behind PaymentRecordInterface, e.g. CheckPaymentRecord
	Amount              float64 // absolute
	RawAmount           float64 // signed
	AdjustmentType      string  // IncomeAdjustmentType
	PaymentType         string  // PaymentType, "" where Jobber says null
	PaymentOrigin       string  // PaymentOrigin, "" where Jobber says null
	EntryDate           time.Time
	Details             string
	SentAt              *time.Time
	ClientID            string
	InvoiceID           string
	QuoteID             string
	RefundedPaymentID   string
	CheckNumber         string
	ConfirmationNumber  string
	CCTransactionNumber string
	Brand               string
	LastDigits          string
	TransactionStatus   string // JobberPaymentTransactionStatus, "" where Jobber says null
	TipAmount           float64
	CreatedAt           time.Time
	UpdatedAt           time.Time
}
