"""Documents (文书): what each says, its template, and the writing of one or all of a round."""
