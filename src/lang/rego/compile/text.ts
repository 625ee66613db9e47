// Terms as OPA writes them into its messages.
export { printBody as bodyText, printParts as partsText, printRef as refText, printTerm as termText } from '../syntax/print.ts'
