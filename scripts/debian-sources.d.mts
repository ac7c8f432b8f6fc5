export declare function debianSources(
  suite: string,
  options?: { readonly folder?: string; readonly mirror?: string | undefined },
): { format: 'sources' | 'list'; text: string };
