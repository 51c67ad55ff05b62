import { useMemo } from 'react'
import { useIdentity } from '../session/context'
import { money, shortMoney, signedMoney, wholeMoney } from './money'
import { clockSeconds, clockSpan, clockTime, dateOf, dateTime, dayOf } from './time'

export interface Format {
  currency: string
  timeZone: string
  money: (cents: number) => string
  wholeMoney: (cents: number) => string
  shortMoney: (cents: number) => string
  signedMoney: (cents: number) => string
  time: (instant: string) => string
  seconds: (instant: string) => string
  span: (from: string, to?: string | null) => string
  date: (value: string) => string
  dateTime: (instant: string) => string
  day: (instant: string | Date) => string
}

export function formatFor(currency: string, timeZone: string): Format {
  return {
    currency,
    timeZone,
    money: cents => money(cents, currency),
    wholeMoney: cents => wholeMoney(cents, currency),
    shortMoney: cents => shortMoney(cents, currency),
    signedMoney: cents => signedMoney(cents, currency),
    time: instant => clockTime(instant, timeZone),
    seconds: instant => clockSeconds(instant, timeZone),
    span: (from, to) => clockSpan(from, to, timeZone),
    date: value => dateOf(value, timeZone),
    dateTime: instant => dateTime(instant, timeZone),
    day: instant => dayOf(instant, timeZone),
  }
}

/** Formats of the account's own currency and time zone. */
export function useFormat(): Format {
  const { account } = useIdentity()
  return useMemo(() => formatFor(account.currency, account.timeZone), [account.currency, account.timeZone])
}
