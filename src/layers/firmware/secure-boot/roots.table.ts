// Microsoft's roots of Secure Boot, by SHA-256 of their certificate: a name alone can be given to any key. Those of 2011 end in 2026; firmware
// that has only them starts nothing that is signed by their successors alone.
export const MICROSOFT_ROOTS: ReadonlyMap<string, string> = new Map([
  ['e8e95f0733a55e8bad7be0a1413ee23c51fcea64b3c8fa6a786935fddcc71961', 'Microsoft Windows Production PCA 2011'],
  ['48e99b991f57fc52f76149599bff0a58c47154229b9f8d603ac40d3500248507', 'Microsoft Corporation UEFI CA 2011'],
  ['a1117f516a32cefcba3f2d1ace10a87972fd6bbe8fe0d0b996e09e65d802a503', 'Microsoft Corporation KEK CA 2011'],
  ['076f1fea90ac29155ebf77c17682f75f1fdd1be196da302dc8461e350a9ae330', 'Windows UEFI CA 2023'],
  ['f6124e34125bee3fe6d79a574eaa7b91c0e7bd9d929c1a321178efd611dad901', 'Microsoft UEFI CA 2023'],
  ['3cd3f0309edae228767a976dd40d9f4affc4fbd5218f2e8cc3c9dd97e8ac6f9d', 'Microsoft Corporation KEK 2K CA 2023'],
])
