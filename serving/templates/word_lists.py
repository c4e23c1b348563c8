"""Word lists for the dynamic variables of Postman that Faker does not have."""

from __future__ import annotations

ABBREVIATIONS = ("API", "CPU", "CSS", "DNS", "FTP", "GPU", "HTTP", "JSON", "PNG", "RAM", "SMTP", "SQL", "SSH", "TCP")
ADJECTIVES = ("asynchronous", "atomic", "cached", "distributed", "idle", "local", "mobile", "neural", "open-source")
NOUNS = ("array", "bandwidth", "cache", "driver", "firewall", "index", "interface", "kernel", "matrix", "pixel", "port")
VERBS = ("compile", "compress", "connect", "copy", "hash", "index", "navigate", "override", "parse", "reboot", "sync")
INGVERBS = (
    "compiling", "compressing", "connecting", "copying", "hashing", "indexing", "navigating", "overriding", "parsing",
    "rebooting", "syncing",
)  # fmt: skip
PHRASES = (
    "Try to {verb} the {abbreviation} {noun}, maybe it will {verb} the {adjective} {noun}!",
    "You cannot {verb} the {noun} without {ingverb} the {adjective} {abbreviation} {noun}!",
    "If we {verb} the {noun}, we get to the {abbreviation} {noun} through the {adjective} {noun}!",
    "{ingverb} the {noun} does nothing, we need to {verb} the {adjective} {abbreviation} {noun}!",
)

COLORS = (
    "black", "blue", "brown", "cyan", "gold", "green", "grey", "lime", "magenta", "olive", "orange", "pink", "purple",
    "red", "silver", "teal", "white", "yellow",
)  # fmt: skip
DEPARTMENTS = (
    "Books",
    "Clothing",
    "Electronics",
    "Games",
    "Garden",
    "Grocery",
    "Health",
    "Home",
    "Music",
    "Tools",
    "Toys",
)
PRODUCTS = ("Bike", "Bread", "Chair", "Cheese", "Gloves", "Hat", "Keyboard", "Lamp", "Mouse", "Shirt", "Soap", "Table")
PRODUCT_ADJECTIVES = (
    "Elegant",
    "Fresh",
    "Handmade",
    "Modern",
    "Practical",
    "Refined",
    "Rustic",
    "Sleek",
    "Small",
    "Soft",
)
PRODUCT_MATERIALS = (
    "Bronze",
    "Ceramic",
    "Concrete",
    "Cotton",
    "Glass",
    "Granite",
    "Leather",
    "Paper",
    "Steel",
    "Wooden",
)

JOB_AREAS = ("Accounts", "Brand", "Data", "Finance", "Infrastructure", "Marketing", "Quality", "Research", "Security")
JOB_DESCRIPTORS = ("Chief", "Corporate", "District", "Global", "Internal", "Lead", "Principal", "Regional", "Senior")
JOB_TYPES = (
    "Analyst",
    "Architect",
    "Coordinator",
    "Designer",
    "Developer",
    "Engineer",
    "Manager",
    "Officer",
    "Planner",
)

DATABASE_COLLATIONS = ("ascii_bin", "latin1_swedish_ci", "utf8mb4_bin", "utf8mb4_general_ci", "utf8mb4_unicode_ci")
DATABASE_COLUMNS = ("category", "comment", "createdAt", "email", "group", "id", "name", "status", "title", "updatedAt")
DATABASE_ENGINES = ("ARCHIVE", "Aria", "CSV", "InnoDB", "MEMORY", "MyISAM", "RocksDB")
DATABASE_TYPES = ("bigint", "blob", "boolean", "date", "decimal", "double", "int", "text", "timestamp", "varchar")

ACCOUNTS = (
    "Auto Loan",
    "Checking",
    "Credit Card",
    "Home Loan",
    "Investment",
    "Money Market",
    "Personal Loan",
    "Savings",
)
TRANSACTION_TYPES = ("deposit", "invoice", "payment", "refund", "withdrawal")

COMMON_FILE_EXTENSIONS = ("csv", "gif", "html", "jpg", "json", "mp3", "mp4", "pdf", "png", "txt", "wav", "zip")
COMMON_FILE_TYPES = ("application", "audio", "image", "text", "video")
DIRECTORIES = ("/bin", "/etc", "/home/user", "/opt", "/srv", "/sys", "/usr/bin", "/usr/lib", "/usr/share", "/var/log")

LANGUAGES = (
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "ga", "he", "hi", "hr", "hu",
    "id", "is", "it", "ja", "ka", "ko", "lt", "lv", "mn", "nb", "nl", "ny", "pl", "pt", "ro", "ru", "si", "sk", "sl",
    "sr", "sv", "sw", "ta", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PLATFORMS = ("Macintosh; Intel Mac OS X 10_15_7", "Windows NT 10.0; Win64; x64", "X11; Linux x86_64")
