"""The report that coordinators read: tables of statistics as a page with charts."""
