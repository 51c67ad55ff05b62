const formats = new Map<string, Intl.NumberFormat>()

function format(key: string, make: () => Intl.NumberFormat): Intl.NumberFormat {
  const known = formats.get(key)
  if (known) return known
  const made = make()
  formats.set(key, made)
  return made
}

function style(currency: string, name: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return format(
    `${currency}/${name}`,
    () =>
      new Intl.NumberFormat(undefined, {
        style: 'currency',
        currency,
        currencyDisplay: 'narrowSymbol',
        ...options,
      }),
  )
}

/** To the cent: `$1,234.50`. */
export function money(cents: number, currency: string): string {
  return style(currency, 'exact', {}).format(cents / 100)
}

/** Whole units, for headline figures: `$1,235`. */
export function wholeMoney(cents: number, currency: string): string {
  return style(currency, 'whole', { maximumFractionDigits: 0 }).format(cents / 100)
}

/** For axes and tight places: `$500`, `$1.2K`. */
export function shortMoney(cents: number, currency: string): string {
  const digits = Math.abs(cents) < 100_000 ? 0 : 1
  return style(currency, `short${digits}`, {
    notation: 'compact',
    minimumFractionDigits: 0,
    maximumFractionDigits: digits,
  }).format(cents / 100)
}

/** A change, always with its sign: `+$420`. */
export function signedMoney(cents: number, currency: string): string {
  return style(currency, 'signed', { maximumFractionDigits: 0, signDisplay: 'exceptZero' }).format(
    cents / 100,
  )
}
