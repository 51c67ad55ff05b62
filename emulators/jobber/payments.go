package jobber

import (
	"slices"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
)

// paymentView is every kind of payment record behind PaymentRecordInterface.
type paymentView struct {
	s  *session
	of *business.PaymentRecord
}

func (s *session) payment(p *business.PaymentRecord) *paymentView { return &paymentView{s, p} }

func (v *paymentView) ID() encodedID                { return encodedID(v.of.ID) }
func (v *paymentView) Amount() float64              { return v.of.Amount }
func (v *paymentView) RawAmount() float64           { return v.of.RawAmount }
func (v *paymentView) AdjustmentType() string       { return v.of.AdjustmentType }
func (v *paymentView) EntryDate() dateTime          { return dateTime{v.of.EntryDate} }
func (v *paymentView) PaymentType() *string         { return text(v.of.PaymentType) }
func (v *paymentView) PaymentOrigin() *string       { return text(v.of.PaymentOrigin) }
func (v *paymentView) Details() *string             { return text(v.of.Details) }
func (v *paymentView) SentAt() *dateTime            { return when(v.of.SentAt) }
func (v *paymentView) CheckNumber() *string         { return text(v.of.CheckNumber) }
func (v *paymentView) ConfirmationNumber() *string  { return text(v.of.ConfirmationNumber) }
func (v *paymentView) CcTransactionNumber() *string { return text(v.of.CCTransactionNumber) }
func (v *paymentView) Brand() string                { return v.of.Brand }
func (v *paymentView) LastDigits() string           { return v.of.LastDigits }
func (v *paymentView) TipAmount() *float64          { return &v.of.TipAmount }
func (v *paymentView) TransactionStatus() string    { return v.of.TransactionStatus }

// CanEdit is false for what went through Jobber's own payments.
func (v *paymentView) CanEdit() bool { return v.of.PaymentType != "JOBBER_PAYMENTS" }

func (v *paymentView) Client() *clientView {
	return view(v.s.business.Clients, v.of.ClientID, v.s.client)
}

func (v *paymentView) Invoice() *invoiceView {
	return view(v.s.business.Invoices, v.of.InvoiceID, v.s.invoice)
}

func (v *paymentView) Quote() *quoteView {
	return view(v.s.business.Quotes, v.of.QuoteID, v.s.quote)
}

func (v *paymentView) RefundedPaymentRecord() *paymentView {
	return view(v.s.business.Payments, v.of.RefundedPaymentID, v.s.payment)
}

func (v *paymentView) is(typeName string) (*paymentView, bool) { return v, v.of.TypeName == typeName }

func (v *paymentView) ToCashPaymentRecord() (*paymentView, bool) {
	return v.is("CashPaymentRecord")
}

func (v *paymentView) ToCheckPaymentRecord() (*paymentView, bool) {
	return v.is("CheckPaymentRecord")
}

func (v *paymentView) ToCreditCardPaymentRecord() (*paymentView, bool) {
	return v.is("CreditCardPaymentRecord")
}

func (v *paymentView) ToBankTransferPaymentRecord() (*paymentView, bool) {
	return v.is("BankTransferPaymentRecord")
}

func (v *paymentView) ToJobberPaymentsCreditCardPaymentRecord() (*paymentView, bool) {
	return v.is("JobberPaymentsCreditCardPaymentRecord")
}

func (v *paymentView) ToJobberPaymentsACHPaymentRecord() (*paymentView, bool) {
	return v.is("JobberPaymentsACHPaymentRecord")
}

func (v *paymentView) ToMoneyOrderPaymentRecord() (*paymentView, bool) {
	return v.is("MoneyOrderPaymentRecord")
}

func (v *paymentView) ToEPaymentPaymentRecord() (*paymentView, bool) {
	return v.is("EPaymentPaymentRecord")
}

func (v *paymentView) ToETransferPaymentRecord() (*paymentView, bool) {
	return v.is("ETransferPaymentRecord")
}

func (v *paymentView) ToZellePaymentRecord() (*paymentView, bool) {
	return v.is("ZellePaymentRecord")
}

func (v *paymentView) ToCashAppPaymentRecord() (*paymentView, bool) {
	return v.is("CashAppPaymentRecord")
}

func (v *paymentView) ToPaypalPaymentRecord() (*paymentView, bool) {
	return v.is("PaypalPaymentRecord")
}

func (v *paymentView) ToVenmoPaymentRecord() (*paymentView, bool) {
	return v.is("VenmoPaymentRecord")
}

func (v *paymentView) ToAchBankPaymentPaymentRecord() (*paymentView, bool) {
	return v.is("AchBankPaymentPaymentRecord")
}

func (v *paymentView) ToJobberPaymentsRefundPaymentRecord() (*paymentView, bool) {
	return v.is("JobberPaymentsRefundPaymentRecord")
}

// ToOtherPaymentRecord is also what a record of a kind that the schema does not have is shown as.
func (v *paymentView) ToOtherPaymentRecord() (*paymentView, bool) {
	return v, !slices.Contains(paymentTypes, v.of.TypeName)
}

// paymentTypes are the kinds that the schema has, beside OtherPaymentRecord.
var paymentTypes = []string{
	"CashPaymentRecord",
	"CheckPaymentRecord",
	"CreditCardPaymentRecord",
	"BankTransferPaymentRecord",
	"JobberPaymentsCreditCardPaymentRecord",
	"JobberPaymentsACHPaymentRecord",
	"MoneyOrderPaymentRecord",
	"EPaymentPaymentRecord",
	"ETransferPaymentRecord",
	"ZellePaymentRecord",
	"CashAppPaymentRecord",
	"PaypalPaymentRecord",
	"VenmoPaymentRecord",
	"AchBankPaymentPaymentRecord",
	"JobberPaymentsRefundPaymentRecord",
}

// slimPaymentView is PaymentRecord, the form inside a job or an invoice.
type slimPaymentView struct{ of *business.PaymentRecord }

func slimPayment(p *business.PaymentRecord) *slimPaymentView { return &slimPaymentView{p} }

func (v *slimPaymentView) ID() encodedID          { return encodedID(v.of.ID) }
func (v *slimPaymentView) Amount() float64        { return v.of.Amount }
func (v *slimPaymentView) AdjustmentType() string { return v.of.AdjustmentType }
func (v *slimPaymentView) EntryDate() dateTime    { return dateTime{v.of.EntryDate} }
func (v *slimPaymentView) TipAmount() *float64    { return &v.of.TipAmount }

func (v *slimPaymentView) JobberPaymentTransactionStatus() *string {
	return text(v.of.TransactionStatus)
}
